import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { addTo, emptyHistogram, percentile, record } from '../../../sidecar/demo/histogram.ts';
import type { LoadReport } from '../../../sidecar/demo/messages.ts';
import { parseMetrics } from '../../../sidecar/demo/metrics.ts';
import { parseOptions } from '../../../sidecar/demo/options.ts';
import { freePorts, portProblem } from '../../../sidecar/demo/ports.ts';
import { renderLine, renderSummary, renderTable } from '../../../sidecar/demo/render.ts';
import type { View } from '../../../sidecar/demo/render.ts';
import { Tally } from '../../../sidecar/demo/tally.ts';

function report(part: Partial<LoadReport>): LoadReport {
  return { kind: 'report', calls: 0, failed: 0, byReplica: {}, latencies: emptyHistogram(), failures: [], ...part };
}

describe('sidecar/demo', () => {
  describe('options', () => {
    it('reads numbers and leaves the rest open', () => {
      assert.deepEqual(parseOptions([]), { seconds: null, port: null, help: false });
      assert.deepEqual(parseOptions(['--seconds', '8', '--port=8080']), { seconds: 8, port: 8080, help: false });
    });

    for (const args of [['--seconds', '0'], ['--seconds', '1.5'], ['--port', '65536'], ['--port', '80a'], ['--port', ''], ['--nonsense'], ['word']]) {
      it(`rejects ${args.join(' ')}`, () => assert.throws(() => parseOptions(args), Error));
    }
  });

  describe('histogram', () => {
    it('gives percentiles to within a tenth of an octave', () => {
      const histogram = emptyHistogram();
      for (let ms = 1; ms <= 1000; ms++) record(histogram, ms);
      for (const [share, exact] of [[0.5, 500], [0.99, 990]] as const) {
        const found = percentile(histogram, share);
        assert.ok(found >= exact && found <= exact * 1.08, `${found} for ${exact}`);
      }
    });

    it('counts the very short and the very long in its first and last buckets, and knows nothing when empty', () => {
      const histogram = emptyHistogram();
      record(histogram, 0);
      record(histogram, 1e9);
      const sum = emptyHistogram();
      addTo(sum, histogram);
      assert.equal(sum.length, emptyHistogram().length);
      assert.equal(sum[0], 1);
      assert.equal(sum.at(-1), 1);
      assert.ok(Number.isNaN(percentile(emptyHistogram(), 0.5)));
    });
  });

  describe('ports', () => {
    it('tells a busy port from a free one', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      assert.equal(await portProblem(port), 'EADDRINUSE');
      server.close();
      await once(server, 'close');
      assert.equal(await portProblem(port), null);
      assert.equal(new Set(await freePorts(5)).size, 5);
    });
  });

  describe('tally', () => {
    it('adds reports up by replica, whatever its start, and keeps the first failures only', () => {
      const tally = new Tally();
      tally.add(report({ calls: 3, failed: 1, byReplica: { 'a#1': 1, 'b#1': 1 }, failures: ['1', '2', '3', '4'] }));
      tally.add(report({ calls: 2, byReplica: { 'a#2': 2 }, failures: ['5', '6', '7'] }));
      assert.equal(tally.calls, 5);
      assert.equal(tally.failed, 1);
      assert.deepEqual([...tally.answered], [['a', 3], ['b', 1]]);
      assert.deepEqual(tally.failures, ['1', '2', '3', '4', '5']);
      assert.deepEqual([...tally.recent().shares], [['a', 0.75], ['b', 0.25]]);
    });

    it('forgets in its recent figures what is older than the window', () => {
      const tally = new Tally();
      tally.add(report({ calls: 9, byReplica: { 'a#1': 9 } }));
      for (let i = 0; i < 8; i++) tally.add(report({ calls: 1, byReplica: { 'b#1': 1 } }));
      assert.deepEqual([...tally.recent().shares], [['b', 1]]);
    });

    it('tells when a certain start of a replica has answered', async () => {
      const tally = new Tally();
      let answered = false;
      const waiting = tally.answeredBy('a#2').then(() => {
        answered = true;
      });
      tally.add(report({ byReplica: { 'a#1': 1 } }));
      await Promise.resolve();
      assert.equal(answered, false);
      tally.add(report({ byReplica: { 'a#2': 1 } }));
      await waiting;
    });
  });

  it('reads retries, health and running streams from metrics', () => {
    const { retries, health, running } = parseMetrics(`# HELP pillion_backend_retries_total Streams sent again.
# TYPE pillion_backend_retries_total counter
pillion_backend_retries_total{backend="x"} 2
pillion_backend_retries_total{backend="y"} 3
pillion_server_streams{backend="x",server="s1"} 7
pillion_server_streams_total{backend="x",server="s1"} 700
pillion_server_status{backend="x",server="s1",status="UP"} 0
pillion_server_status{backend="x",server="s1",status="no check"} 1
process_cpu_seconds_total 1.5
`);
    assert.equal(retries, 5);
    assert.deepEqual([...health], [['s1', 'no check']]);
    assert.deepEqual([...running], [['s1', 7]]);
  });

  describe('render', () => {
    const latencies = emptyHistogram();
    record(latencies, 4);
    const view: View = {
      elapsedMs: 65_000, calls: 1234, failed: 0, callsPerSecond: 1500.4, latencies, retries: 2, failures: [], events: ['replica-1 restarted'],
      rows: [{ name: 'replica-1', share: 0.333, answered: 411, running: 4, health: 'UP', phase: 'running', restarts: 1 }],
    };

    it('keeps the table within the terminal', () => {
      for (const columns of [20, 79]) for (const line of renderTable(view, columns)) assert.ok(line.length <= columns, line);
    });

    it('shows all of it in 80 columns', () => {
      const large = { ...view, calls: 1_234_567, rows: view.rows.map((row) => ({ ...row, answered: 411_522, health: 'no check', phase: 'returning' })) };
      const lines = renderTable(large, 79);
      assert.ok(lines.some((line) => line.endsWith('calls 1,234,567')));
      assert.ok(lines.some((line) => line.endsWith('  returning')));
    });

    it('says in one line what the table says', () => {
      assert.equal(renderLine(view), '01:05  1,500 calls/s  failed 0  p50/p99 4.0/4.0 ms  retries 2  replica-1 33.3% UP');
    });

    it('ends with figures that scripts can read, and with the first failures before them', () => {
      const lines = renderSummary({ ...view, failed: 1, failures: ['say: 14 UNAVAILABLE'] });
      assert.equal(lines.at(-1), 'calls 1234, failed 1, retries 2, restarts replica-1=1');
      assert.ok(lines.includes('failed: say: 14 UNAVAILABLE'));
    });
  });
});
