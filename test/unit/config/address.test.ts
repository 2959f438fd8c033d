import assert from 'node:assert/strict';
import { formatBindAddress, parseBindAddresses, parseLogAddress, parseServerAddress } from '../../../src/config/address.ts';

const fixed = (host: string, port: number) => ({ kind: 'tcp', host, port: { kind: 'fixed', port } });
const mapped = (host: string, offset: number) => ({ kind: 'tcp', host, port: { kind: 'mapped', offset } });

describe('bind addresses', () => {
  const single: readonly [string, object][] = [
    [':8080', { kind: 'tcp', host: '', port: 8080 }],
    ['*:8080', { kind: 'tcp', host: '', port: 8080 }],
    ['0.0.0.0:8080', { kind: 'tcp', host: '', port: 8080 }],
    ['127.0.0.1:1', { kind: 'tcp', host: '127.0.0.1', port: 1 }],
    ['[::]:8080', { kind: 'tcp', host: '::', port: 8080 }],
    ['[::1]:65535', { kind: 'tcp', host: '::1', port: 65535 }],
    [':::8080', { kind: 'tcp', host: '::', port: 8080 }],
    ['2001:db8::1:8080', { kind: 'tcp', host: '2001:db8::1', port: 8080 }],
    ['ipv4@127.0.0.1:80', { kind: 'tcp', host: '127.0.0.1', port: 80 }],
    ['ipv6@::1:80', { kind: 'tcp', host: '::1', port: 80 }],
    ['ipv4@:80', { kind: 'tcp', host: '', port: 80 }],
    ['ipv6@:80', { kind: 'tcp', host: '::', port: 80 }],
    ['localhost:80', { kind: 'tcp', host: 'localhost', port: 80 }],
    ['my_host-1.example.:80', { kind: 'tcp', host: 'my_host-1.example.', port: 80 }],
    ['unix@/run/p.sock', { kind: 'unix', path: '/run/p.sock' }],
    ['unix@relative', { kind: 'unix', path: 'relative' }],
    ['/run/p.sock', { kind: 'unix', path: '/run/p.sock' }],
    ['abns@pillion', { kind: 'abstract', name: 'pillion' }],
    ['fd@3', { kind: 'fd', fd: 3 }],
  ];
  for (const [text, expected] of single) {
    it(`reads ${text}`, () => assert.deepEqual(parseBindAddresses(text), { ok: true, value: [expected] }));
  }

  it('spreads ranges and lists', () => {
    const parsed = parseBindAddresses(':8000-8002,[::1]:9,/a');
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.value.map(formatBindAddress), [':8000', ':8001', ':8002', '[::1]:9', 'unix@/a']);
  });

  it('writes addresses that read back', () => {
    for (const [, address] of single) {
      const text = formatBindAddress(address as never);
      assert.deepEqual(parseBindAddresses(text), { ok: true, value: [address] });
    }
  });

  const refused: readonly [string, RegExp][] = [
    ['', /empty/], ['8080', /write :8080/], ['localhost', /missing port/], ['*', /missing port/], ['[::1]', /missing port/],
    [':', /missing port/], [':0', /not a port/], [':70000', /not a port/], [':9-', /not a port/], [':90-80', /empty/], [':1-60000', /too large/],
    ['1.2.3.300:80', /neither an IP address nor a host name/], ['[1.2.3.4]:80', /not an IPv6 address/], ['[::1:80', /expected \[IPv6\]:port/],
    ['ipv4@::1:80', /not an IPv4/], ['ipv6@1.2.3.4:80', /not an IPv6/], ['a b:80', /neither/], ['fd@a', /number/], ['abns@', /name/],
    ['unix@', /path/], [`/${'x'.repeat(108)}`, /path/], ['quic4@:443', /not supported by Pillion yet/], [':80,', /empty/],
  ];
  for (const [text, reason] of refused) {
    it(`refuses '${text.slice(0, 30)}'`, () => {
      const parsed = parseBindAddresses(text);
      assert.ok(!parsed.ok);
      assert.match(parsed.message, reason);
    });
  }
});

describe('server addresses', () => {
  const accepted: readonly [string, object][] = [
    ['10.0.0.1:80', fixed('10.0.0.1', 80)], ['[::1]:80', fixed('::1', 80)], ['::1:80', fixed('::1', 80)], ['greeter:50051', fixed('greeter', 50051)],
    ['10.0.0.1', mapped('10.0.0.1', 0)], ['10.0.0.1:', mapped('10.0.0.1', 0)], ['10.0.0.1:0', mapped('10.0.0.1', 0)], ['greeter', mapped('greeter', 0)], ['[::1]', mapped('::1', 0)],
    ['greeter:+10', mapped('greeter', 10)], ['greeter:-10', mapped('greeter', -10)],
    [':80', fixed('', 80)], ['*:80', fixed('', 80)], ['0.0.0.0:80', fixed('', 80)], ['[::]:80', fixed('', 80)], ['*', mapped('', 0)],
    ['ipv4@:80', fixed('', 80)], ['unix@/a', { kind: 'unix', path: '/a' }], ['/a', { kind: 'unix', path: '/a' }], ['abns@a', { kind: 'abstract', name: 'a' }],
  ];
  for (const [text, expected] of accepted) {
    it(`reads ${text}`, () => assert.deepEqual(parseServerAddress(text), { ok: true, value: expected }));
  }

  const refused: readonly [string, RegExp][] = [
    ['a:x', /not a port/], ['a:+', /not a port/], ['a:70000', /not a port/],
    ['fd@3', /'bind'/], ['10.0.0:80', /neither/], ['x_y!:80', /neither/],
  ];
  for (const [text, reason] of refused) {
    it(`refuses '${text}'`, () => {
      const parsed = parseServerAddress(text);
      assert.ok(!parsed.ok);
      assert.match(parsed.message, reason);
    });
  }
});

describe('log targets', () => {
  const accepted: readonly [string, string][] = [
    ['stdout', 'stdout'], ['fd@1', 'stdout'], ['stderr', 'stderr'], ['fd@2', 'stderr'], ['127.0.0.1', 'udp://127.0.0.1:514'],
    ['127.0.0.1:5140', 'udp://127.0.0.1:5140'], ['[::1]:1', 'udp://[::1]:1'], ['udp@host:1', 'udp://host:1'], ['fd@5', 'fd@5'],
  ];
  for (const [text, expected] of accepted) it(`reads ${text}`, () => assert.deepEqual(parseLogAddress(text), { ok: true, value: expected }));
  for (const text of ['', 'ring@x', 'fd@x', '/dev/log', 'unix@x', 'tcp@h:1', ':514', 'h:x', 'h:99999', 'abns@x']) {
    it(`refuses '${text}'`, () => assert.equal(parseLogAddress(text).ok, false));
  }
});
