import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { createLogObserver } from '../../../../src/observe/log/log-observer.ts';
import { facilityNumber, syslogDestination, syslogHeader } from '../../../../src/observe/log/syslog.ts';
import { streamRecord } from '../records.ts';

describe('observe/log/syslog', () => {
  let receiver: Socket;
  let port: number;

  beforeEach(async () => {
    receiver = createSocket('udp4').bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    ({ port } = receiver.address());
  });

  afterEach(async () => {
    receiver.close();
    await once(receiver, 'close');
  });

  it('writes RFC 3164 headers', () => {
    assert.equal(syslogHeader(16, 6, new Date(2026, 1, 3, 4, 5, 6), 42), '<134>Feb  3 04:05:06 pillion[42]: ');
    assert.equal(syslogHeader(23, 0, new Date(2026, 11, 31, 23, 59, 59), 1), '<184>Dec 31 23:59:59 pillion[1]: ');
    assert.deepEqual(['kern', 'daemon', 'local0', 'local7'].map(facilityNumber), [0, 3, 16, 23]);
  });

  it('sends a datagram per line with the severity of the line', async () => {
    const log = createLogObserver({
      targets: [{ target: `udp://127.0.0.1:${port}`, facility: 'local1', maxLevel: 'info' }],
      frontends: new Map(), pid: 42, report: (...event) => assert.fail(JSON.stringify(event)),
    });
    const datagrams: string[] = [];
    const all = new Promise<void>((resolve) => {
      receiver.on('message', (message) => {
        if (datagrams.push(message.toString()) === 3) resolve();
      });
    });
    log.streamEnded(streamRecord());
    log.streamEnded(streamRecord({ grpcStatus: 14 }));
    log.event('info', 'listening', {});
    await all;
    assert.equal(await log.flush(1000), true);
    log.close();
    const parsed = datagrams.map((text) => /^<(\d+)>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d pillion\[42\]: (\{.*\})$/.exec(text));
    assert.deepEqual(parsed.map((match) => Number(match?.[1]) - 17 * 8), [6, 4, 5]);
    assert.equal((JSON.parse(parsed[0]?.[2] ?? '') as { method: string }).method, '/pkg.Svc/Method');
  });

  it('cuts lines at len, between characters, and sends what is too severe at the minimum level', async () => {
    const log = createLogObserver({
      targets: [{ target: `udp://127.0.0.1:${port}`, facility: 'local0', maxLevel: 'info', minLevel: 'notice', maxLength: 90 }],
      frontends: new Map(), pid: 42, report: (...event) => assert.fail(JSON.stringify(event)),
    });
    const datagrams: string[] = [];
    const all = new Promise<void>((resolve) => {
      receiver.on('message', (message) => {
        if (datagrams.push(message.toString()) === 2) resolve();
      });
    });
    log.streamEnded(streamRecord({ logLevel: 'warning', logLine: 'é'.repeat(60) }));
    log.streamEnded(streamRecord({ grpcStatus: 14, logLine: 'short' }));
    await all;
    log.close();
    assert.match(datagrams[0] ?? '', /^<133>.*: é{44}$/);
    assert.match(datagrams[1] ?? '', /^<134>.*: short$/);
  });

  it('holds a bounded number of lines and counts the others', async () => {
    const events: string[] = [];
    const destination = syslogDestination({ host: '127.0.0.1', port, facility: 'user', pid: 1 }, (_level, message) => void events.push(message));
    for (let i = 0; i < 2000; i++) destination.write(`line ${i}\n`, 6);
    assert.equal(destination.dropped, 2000 - 1024);
    assert.deepEqual(events, ['log lines dropped: syslog']);
    assert.equal(await destination.flush(5000), true);
    destination.close();
    destination.write('ignored\n', 6);
    assert.equal(destination.dropped, 2000 - 1024);
  });

  it('warns of a host that cannot be found, without throwing', async () => {
    const warned = Promise.withResolvers<string>();
    const destination = syslogDestination({ host: 'nowhere.invalid', port, facility: 'user', pid: 1 }, (_level, message) => warned.resolve(message));
    destination.write('line\n', 6);
    assert.equal(await warned.promise, 'syslog server cannot be reached');
    assert.equal(await destination.flush(10), false);
    destination.close();
  });
});
