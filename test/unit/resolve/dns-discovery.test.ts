import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { DnsDiscovery } from '../../../src/resolve/dns-discovery.ts';

/** A name service whose next answer the tests set; a string is an error. */
class Names extends EventEmitter {
  answer: readonly string[] | string = [];
  questions = 0;

  readonly lookup = (host: string): Promise<readonly string[]> => {
    assert.equal(host, 'replicas');
    this.questions++;
    setImmediate(() => this.emit('asked'));
    return typeof this.answer === 'string' ? Promise.reject(new Error(this.answer)) : Promise.resolve(this.answer);
  };

  /** Waits until the `count`th question from now was answered. */
  async asked(count = 1): Promise<void> {
    const target = this.questions + count;
    while (this.questions < target) await once(this, 'asked');
  }
}

describe('DNS discovery', () => {
  let names: Names;
  let sets: string[];
  let errors: string[];
  let discovery: DnsDiscovery;

  function discover(answer: readonly string[] | string, intervalMs = 5, slots = 3): DnsDiscovery {
    names = new Names();
    names.answer = answer;
    sets = [];
    errors = [];
    const onError = (reason: string): number => errors.push(reason);
    discovery = new DnsDiscovery({ host: 'replicas', slots, intervalMs, lookup: names.lookup, onError }, (addresses) => {
      sets.push(addresses.join(' '));
    });
    return discovery;
  }

  afterEach(() => discovery.stop());

  it('has the first answer when start is over, sorted and without repeats', async () => {
    await discover(['10.0.0.2', '10.0.0.1', '10.0.0.2']).start();
    assert.deepEqual(sets, ['10.0.0.1 10.0.0.2']);
  });

  it('tells changes only, whatever the order of the answer', async () => {
    await discover(['10.0.0.1', '10.0.0.2']).start();
    names.answer = ['10.0.0.2', '10.0.0.1'];
    await names.asked(2);
    names.answer = ['10.0.0.3', '10.0.0.1'];
    await names.asked();
    assert.deepEqual(sets, ['10.0.0.1 10.0.0.2', '10.0.0.1 10.0.0.3']);
  });

  it('keeps the last good answer on errors, and reports a series of them once', async () => {
    await discover(['10.0.0.1']).start();
    names.answer = 'SERVFAIL';
    await names.asked(3);
    names.answer = [];
    await names.asked(2);
    assert.deepEqual([sets, errors], [['10.0.0.1'], ['SERVFAIL', 'no addresses']]);
    names.answer = ['10.0.0.1'];
    await names.asked(1);
    names.answer = 'SERVFAIL';
    await names.asked(2);
    assert.deepEqual([sets, errors], [['10.0.0.1'], ['SERVFAIL', 'no addresses', 'SERVFAIL']]);
  });

  it('starts without an answer, and goes on asking', async () => {
    await discover('ENOTFOUND').start();
    assert.deepEqual([sets, errors], [[], ['ENOTFOUND']]);
    names.answer = ['10.0.0.1'];
    await names.asked(1);
    assert.deepEqual(sets, ['10.0.0.1']);
  });

  it('uses no more than its slots, counts the rest, and keeps those in use', async () => {
    await discover(['10.0.0.5', '10.0.0.6', '10.0.0.7', '10.0.0.8']).start();
    assert.deepEqual([sets, discovery.surplus], [['10.0.0.5 10.0.0.6 10.0.0.7'], 1]);
    names.answer = ['10.0.0.1', '10.0.0.2', '10.0.0.6', '10.0.0.7'];
    await names.asked();
    assert.deepEqual([sets.at(-1), discovery.surplus], ['10.0.0.1 10.0.0.6 10.0.0.7', 1]);
    names.answer = ['10.0.0.2'];
    await names.asked();
    assert.deepEqual([sets.at(-1), discovery.surplus], ['10.0.0.2', 0]);
  });

  it('takes one family of a dual-stack host', async () => {
    await discover(['fd00::1', '10.0.0.1', 'fd00::2', '10.0.0.2']).start();
    assert.deepEqual(sets, ['10.0.0.1 10.0.0.2']);
    names.answer = ['fd00::2', 'fd00::1'];
    await names.asked();
    assert.equal(sets.at(-1), 'fd00::1 fd00::2');
  });

  it('asks sooner at a hint, once a second at most', async () => {
    await discover(['10.0.0.1'], 60_000).start();
    const begin = performance.now();
    for (let i = 0; i < 50; i++) discovery.refresh();
    await names.asked();
    assert.ok(performance.now() - begin >= 950);
    for (let i = 0; i < 50; i++) discovery.refresh();
    assert.equal(names.questions, 2);
  });

  it('asks again at once where the first question was for somebody else to answer, and sooner than otherwise while there is no answer', async () => {
    names = new Names();
    names.answer = 'ENOTFOUND';
    sets = [];
    errors = [];
    discovery = new DnsDiscovery(
      {
        host: 'replicas', slots: 3, intervalMs: 60_000, failedIntervalMs: 5, lookup: names.lookup,
        firstLookup: () => Promise.reject(new Error('no libc')), onError: (reason) => errors.push(reason),
      },
      (addresses) => sets.push(addresses.join(' ')),
    );
    await discovery.start();
    assert.equal(names.questions, 0);
    await names.asked(3);
    assert.deepEqual(errors, ['no libc', 'ENOTFOUND']);
    names.answer = ['10.0.0.1'];
    await names.asked();
    assert.deepEqual(sets, ['10.0.0.1']);
  });

  it('says nothing after stop, and can start again', async () => {
    const started = discover(['10.0.0.1']).start();
    discovery.stop();
    await started;
    assert.deepEqual(sets, []);
    await discovery.start();
    assert.deepEqual(sets, ['10.0.0.1']);
  });
});
