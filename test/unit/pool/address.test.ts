import assert from 'node:assert/strict';
import { parseServerAddress } from '../../../src/config/address.ts';
import { describeAddress, dialPort, dialTarget } from '../../../src/pool/address.ts';

/** What `text` is dialled as for a client that connected to `localAddress`:`localPort`. */
function dialled(text: string, localAddress: string, localPort: number): string {
  const address = parseServerAddress(text);
  assert.ok(address.ok);
  const target = dialTarget(address.value, dialPort(address.value, localPort), localAddress);
  return 'path' in target ? target.path : `${target.host} ${target.port}`;
}

describe('where a server is dialled (HAProxy manual 5.2)', () => {
  const dials: readonly [text: string, localAddress: string, localPort: number, expected: string][] = [
    ['10.0.0.1:80', '127.0.0.1', 5000, '10.0.0.1 80'],
    ['10.0.0.1', '127.0.0.1', 5000, '10.0.0.1 5000'],
    ['10.0.0.1:+100', '127.0.0.1', 5000, '10.0.0.1 5100'],
    ['10.0.0.1:-100', '127.0.0.1', 5000, '10.0.0.1 4900'],
    ['10.0.0.1:+60000', '127.0.0.1', 10_000, '10.0.0.1 4464'],
    ['[::1]', '::1', 5000, '::1 5000'],
    ['*:80', '127.0.0.7', 5000, '127.0.0.7 80'],
    ['0.0.0.0:+1', '127.0.0.7', 5000, '127.0.0.7 5001'],
    [':80', '::1', 5000, '::1 80'],
    [':80', '', 0, '127.0.0.1 80'],
    ['unix@/run/a', '127.0.0.1', 5000, '/run/a'],
    ['abns@a', '127.0.0.1', 5000, '\0a'],
  ];
  for (const [text, localAddress, localPort, expected] of dials) {
    it(`${text} for a client of [${localAddress}]:${localPort}`, () => assert.equal(dialled(text, localAddress, localPort), expected));
  }

  for (const [text, expected] of [['*:80', '*:80'], ['*', '*'], ['::1:80', '[::1]:80'], ['a:+1', 'a:+1'], ['a', 'a'], ['/a', 'unix@/a']] as const) {
    it(`calls ${text} ${expected}`, () => {
      const address = parseServerAddress(text);
      assert.ok(address.ok);
      assert.equal(describeAddress(address.value), expected);
    });
  }
});
