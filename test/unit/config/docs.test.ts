import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describeTopic } from '../../../src/config/describe.ts';
import { configurationManual } from '../../../src/config/docs.ts';
import { GLOBAL_ROWS, PROXY_ROWS } from '../../../src/config/tables/all.ts';

describe('documentation from the tables', () => {
  it('docs/configuration.md is up to date (npm run docs)', () => {
    assert.equal(readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8'), configurationManual());
  });

  it('describes every directive', () => {
    for (const row of [...GLOBAL_ROWS, ...PROXY_ROWS]) {
      const { found, text } = describeTopic(row.name.split(' '));
      assert.ok(found, row.name);
      assert.ok(text.includes(row.usage) && text.includes(row.summary) && text.includes(row.example), row.name);
    }
  });

  const topics: readonly [topic: string, found: boolean, text: RegExp][] = [
    ['timeout', true, /timeout connect .*\n/], ['frontend', true, /default_backend/], ['global', true, /hard-stop-after/],
    ['weight', true, /On: +server, default-server, server-template/], ['proto', true, /On: +bind\n[^]*On: +server/],
    ['maxconn', true, /maxconn <connections>[^]*In: +global[^]*In: +defaults, frontend, listen/],
    ['option grpc-check', true, /Pillion's own/], ['bind', true, /proto h1\|h2/],
    ['monitor', false, /not supported by Pillion yet/], ['contimeout', false, /Today: 'timeout connect'/], ['nbproc', false, /2\.5/],
    ['peers', false, /The section 'peers' is not supported[^]*Meanwhile/], ['tls-ticket-keys', false, /keyword 'tls-ticket-keys' of 'bind'/], ['resolvers', true, /nameserver/],
    ['prefix', true, /On: +unix-bind/], ['balanc', false, /Did you mean 'balance'/], ['xyzzyxyzzy', false, /no directive/],
  ];
  for (const [topic, found, text] of topics) {
    it(`help ${topic}`, () => {
      const described = describeTopic(topic.split(' '));
      assert.equal(described.found, found);
      assert.match(described.text, text);
    });
  }
});
