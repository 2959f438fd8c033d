// Mocha reporter: one line per top-level suite, failures in full, and a closing line that scripts can read:
// `N passed, N failed, N skipped`.
'use strict';

const { reporters, Runner } = require('mocha');

const { EVENT_RUN_END, EVENT_SUITE_BEGIN, EVENT_SUITE_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Runner.constants;

class Compact extends reporters.Base {
  constructor(runner, options) {
    super(runner, options);
    const { color, symbols } = reporters.Base;
    let counts = { passed: 0, failed: 0, skipped: 0 };
    let startedAt = 0;

    const isTop = (suite) => !suite.root && suite.parent !== undefined && suite.parent.root;

    runner.on(EVENT_SUITE_BEGIN, (suite) => {
      if (!isTop(suite)) return;
      counts = { passed: 0, failed: 0, skipped: 0 };
      startedAt = Date.now();
    });
    runner.on(EVENT_SUITE_END, (suite) => {
      if (!isTop(suite)) return;
      const mark = counts.failed > 0 ? color('fail', symbols.err) : color('green', symbols.ok);
      const rest = [`${counts.passed}`];
      if (counts.failed > 0) rest.push(color('fail', `${counts.failed} failed`));
      if (counts.skipped > 0) rest.push(color('pending', `${counts.skipped} skipped`));
      process.stdout.write(`${mark} ${suite.title} ${color('light', `(${rest.join(', ')}; ${Date.now() - startedAt} ms)`)}\n`);
    });
    runner.on(EVENT_TEST_PASS, (test) => {
      counts.passed++;
      if (test.speed === 'slow') process.stdout.write(color('medium', `    slow: ${test.fullTitle()} (${test.duration} ms)\n`));
    });
    runner.on(EVENT_TEST_FAIL, (test) => {
      counts.failed++;
      process.stdout.write(color('fail', `  ${symbols.err} ${test.fullTitle()}\n`));
    });
    runner.on(EVENT_TEST_PENDING, (test) => {
      counts.skipped++;
      process.stdout.write(color('pending', `  - ${test.fullTitle()}\n`));
    });
    runner.on(EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      if (failures > 0) reporters.Base.list(this.failures);
      process.stdout.write(`\n${passes} passed, ${failures} failed, ${pending} skipped\n`);
    });
  }
}

module.exports = Compact;
