/** The same keys, servers and weights lead where HAProxy leads them: its answers were recorded. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createPicker } from '../../../src/balance/create-picker.ts';
import { keyOf } from '../../../src/balance/key.ts';
import type { Subject } from '../../../src/balance/subject.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import { FieldList } from '../../../src/model/fields.ts';
import { server } from './servers.ts';

interface Case {
  /** Lines of the backend. */
  readonly balance: string;
  readonly weights: readonly number[];
  /** The server's name for each request, in their order. */
  readonly answers: string;
}

const recorded = JSON.parse(readFileSync(new URL('../../fixtures/balance/haproxy.json', import.meta.url), 'utf8')) as { cases: readonly Case[] };

/** HTTP/1 requests, which have no `:authority`: the URI is the path. */
function request(i: number): Subject {
  const fields = FieldList.of(
    [':path', `/dir${i % 37}/sub${(i * 7) % 53}/f${i}.html?id=user${i * 31}&x=1`], ['x-key', `k${i * i}`], ['x-host', `www.ex${i}ample.co${i % 3}m`],
  );
  return { connection: { clientAddress: '127.0.0.1', localAddress: '127.0.0.1' } as Subject['connection'], requestFields: fields, firstBytes: null };
}

describe("HAProxy's choice", () => {
  for (const { balance: lines, weights, answers } of recorded.cases) {
    it(lines.replaceAll('\n', '; '), () => {
      const text = `defaults\n  timeout connect 1s\n  timeout server 1s\nbackend app\n${lines}\nserver a 127.0.0.1:1\n`;
      const { configuration, errors } = loadConfiguration([{ path: 'test.cfg', text }], {});
      assert.deepEqual(errors, []);
      const balance = configuration?.backends[0]?.balance;
      assert.ok(balance !== undefined && 'hashing' in balance);
      const picker = createPicker(balance, weights.map((weight, index) => server('abcd'.charAt(index), weight)), null);
      const key = keyOf(balance);
      assert.equal(Array.from(answers, (_, i) => picker.pick(null, key(request(i)))?.name ?? '-').join(''), answers);
    });
  }
});
