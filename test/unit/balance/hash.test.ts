import assert from 'node:assert/strict';
import { createPicker } from '../../../src/balance/create-picker.ts';
import { avalanche, hash } from '../../../src/balance/hash.ts';
import { keyOf, mainDomain, NO_KEY, uriKey } from '../../../src/balance/key.ts';
import { addressOctets, sample } from '../../../src/balance/sample.ts';
import { serverMap } from '../../../src/balance/server-map.ts';
import type { Subject } from '../../../src/balance/subject.ts';
import { DEFAULT_HASHING, type HashBalance, type HashKey, type Hashing } from '../../../src/config/balance-settings.ts';
import { FieldList } from '../../../src/model/fields.ts';
import { sequence, server, servers, tally, type Server } from './servers.ts';

const CONSISTENT: Hashing = { ...DEFAULT_HASHING, consistent: true, avalanche: true };

function subject(pairs: readonly (readonly [string, string])[], clientAddress = '127.0.0.1', firstBytes: string | null = null): Subject {
  return {
    connection: { clientAddress } as Subject['connection'],
    requestFields: firstBytes === null ? FieldList.of(...pairs) : null,
    firstBytes: firstBytes === null ? null : Buffer.from(firstBytes, 'latin1'),
  };
}

function by(key: HashKey, hashing: Hashing = DEFAULT_HASHING): HashBalance {
  return { algorithm: key.of, key, hashing };
}

/** Where 2,000 keys go, a letter each. */
function spread(targets: readonly Server[], hashing: Hashing): string {
  const picker = createPicker(by({ of: 'source' }, hashing), targets, null);
  return Array.from({ length: 2000 }, (_, i) => picker.pick(null, avalanche(i))?.name ?? '-').join('');
}

describe('hash functions', () => {
  // What HAProxy 2.6's converters of these names say.
  it('are those of HAProxy', () => {
    assert.equal(hash('/', 'none'), 0);
    assert.equal(hash('4294967301', 'none'), 5);
    assert.equal(avalanche(hash('/abc', 'sdbm')), 2_611_440_265);
    assert.equal(avalanche(hash('/helloworld.Greeter/SayHello', 'wt6')), 2_720_471_918);
    assert.equal(hash('123456789', 'crc32'), 0xcbf43926);
  });
});

describe('keys', () => {
  it('are cut from URIs by length, depth and query', () => {
    assert.equal(uriKey('/a/b/c?x=1', 0, 0, false), '/a/b/c');
    assert.equal(uriKey('/a/b/c?x=1', 0, 0, true), '/a/b/c?x=1');
    assert.equal(uriKey('/a/b/c?x=1', 4, 0, true), '/a/b');
    assert.equal(uriKey('/a/b/c', 0, 1, false), '/a');
    assert.equal(uriKey('/a/b/c', 0, 2, false), '/a/b');
    assert.equal(uriKey('/', 0, 2, false), '/');
  });

  it('are the absolute URI in HTTP/2, unless path-only', () => {
    const request = subject([[':scheme', 'http'], [':authority', 'h:1'], [':path', '/p.S/M']]);
    const uri = { of: 'uri', length: 0, depth: 0, whole: false, pathOnly: false } as const;
    assert.equal(keyOf(by(uri))(request), hash('http://h:1/p.S/M', 'sdbm'));
    assert.equal(keyOf(by({ ...uri, pathOnly: true }))(request), hash('/p.S/M', 'sdbm'));
    if (request.requestFields !== null) request.requestFields.originForm = true;
    assert.equal(keyOf(by(uri))(request), hash('/p.S/M', 'sdbm'));
  });

  it('are what stands before the last dot with use_domain_only', () => {
    assert.equal(mainDomain('www.example.com'), 'example');
    assert.equal(mainDomain('example.com'), 'example');
    assert.equal(mainDomain('localhost'), '');
  });

  it('are missing where the request lacks them', () => {
    const request = subject([[':path', '/a']]);
    assert.equal(keyOf(by({ of: 'url_param', name: 'id' }))(request), NO_KEY);
    assert.equal(keyOf(by({ of: 'hdr', name: 'x', domainOnly: false }))(request), NO_KEY);
    assert.equal(keyOf(by({ of: 'rdp-cookie', name: 'mstshash' }))(request), NO_KEY);
    assert.equal(keyOf(by({ of: 'source' }))(subject([], '')), NO_KEY);
  });

  it('are addresses of both kinds, XORed by words', () => {
    assert.equal(keyOf(by({ of: 'source' }))(subject([], '10.1.2.3')), 0x0a010203);
    assert.equal(keyOf(by({ of: 'source' }))(subject([], '2001:db8::1')), (0x20010db8 ^ 1) >>> 0);
    assert.equal(keyOf(by({ of: 'source' }))(subject([], '::ffff:10.1.2.3')), (0xffff ^ 0x0a010203) >>> 0);
    assert.equal(addressOctets('1.2.3.4'), '\u0001\u0002\u0003\u0004');
    assert.equal(addressOctets('::1')?.length, 16);
  });

  it('are the cookie of a remote desktop client', () => {
    const first = `\u0003\u0000\u0000\u002a\u0025\u00e0\u0000\u0000\u0000\u0000\u0000Cookie: mstshash=alice\r\n\u0001`;
    assert.equal(keyOf(by({ of: 'rdp-cookie', name: 'mstshash' }))(subject([], '', first)), hash('alice', 'sdbm'));
    assert.equal(keyOf(by({ of: 'rdp-cookie', name: 'other' }))(subject([], '', first)), NO_KEY);
  });

  it('are taken from paths, parameters, headers and cookies', () => {
    const request = subject([
      [':authority', 'api.example'], [':path', '/a/b?idx=0&id=7'], ['x-user', 'u1, u2'], ['cookie', 'a=1; SID=abc'], ['cookie', 'b=2'],
    ]);
    assert.equal(sample({ fetch: 'path' }, request), '/a/b');
    assert.equal(sample({ fetch: 'pathq' }, request), '/a/b?idx=0&id=7');
    assert.equal(sample({ fetch: 'url_param', name: 'id' }, request), '7');
    assert.equal(sample({ fetch: 'hdr', name: 'x-user' }, request), 'u1');
    assert.equal(sample({ fetch: 'hdr', name: 'host' }, request), 'api.example');
    assert.equal(sample({ fetch: 'cook', name: 'SID' }, request), 'abc');
    assert.equal(sample({ fetch: 'cook', name: 'b' }, request), '2');
    assert.equal(sample({ fetch: 'cook', name: 'none' }, request), null);
  });
});

describe('the map of servers', () => {
  it('has each server as often as its weight says, factored out and interleaved', () => {
    const map = (...weights: number[]): string => serverMap(weights.map((weight, i) => server('abcd'.charAt(i), weight))).map(({ name }) => name).join('');
    assert.equal(map(1, 1, 1), 'abc');
    assert.equal(map(100, 100), 'ab');
    assert.equal(map(2, 0, 1), 'aac');
    assert.equal(map(), '');
  });
});

describe('static-rr', () => {
  it('goes through the map again and again, whatever the load', () => {
    const targets = [server('a', 3, 50), server('b', 1), server('c', 2)];
    const once = serverMap(targets).map(({ name }) => name).join('');
    assert.equal(sequence(createPicker({ algorithm: 'static-rr' }, targets, null), 18), once.repeat(3));
  });
});

describe('hashed', () => {
  for (const hashing of [DEFAULT_HASHING, CONSISTENT]) {
    describe(hashing.consistent ? 'consistent' : 'map-based', () => {
      it('goes by weight', () => {
        const counts = tally(spread([server('a', 1), server('b', 2), server('c', 5)], hashing));
        // A ring has but 16 points per unit of weight, so shares vary by some tens of percent.
        assert.ok((counts['c'] ?? 0) > (counts['b'] ?? 0) && (counts['b'] ?? 0) > (counts['a'] ?? 0), JSON.stringify(counts));
        assert.equal((counts['a'] ?? 0) + (counts['b'] ?? 0) + (counts['c'] ?? 0), 2000);
      });

      it('stays with a server that is full, and passes over those that are to be avoided', () => {
        const targets = [server('a', 1, 5, 5), server('b', 1, 5, 5)];
        const picker = createPicker(by({ of: 'source' }, hashing), targets, null);
        const first = picker.pick(null, 12_345);
        assert.ok(first);
        assert.equal(picker.pick(null, 12_345), first);
        assert.notEqual(picker.pick([first], 12_345), first);
        assert.equal(picker.pick(targets, 12_345), null);
      });

      it('takes turns among those with a free slot for streams without a key', () => {
        const targets = [server('a', 1), server('b', 1, 1, 1), server('c', 1)];
        assert.equal(sequence(createPicker(by({ of: 'source' }, hashing), targets, null), 4), 'acac');
      });

      it('picks nothing from nothing, and never weight 0', () => {
        assert.equal(createPicker(by({ of: 'source' }, hashing), [], null).pick(null, 1), null);
        assert.equal(createPicker(by({ of: 'source' }, hashing), [server('a', 0)], null).pick(null, 1), null);
      });
    });
  }

  it('moves only the keys of a server that leaves, by consistent hashing', () => {
    const targets = servers('abcdefghij');
    const before = spread(targets, CONSISTENT);
    const after = spread(targets.filter(({ name }) => name !== 'd'), CONSISTENT);
    const lost = tally(before)['d'] ?? 0;
    const moved = Array.from(before).filter((name, i) => name !== after.charAt(i));
    assert.ok(lost > 0);
    assert.deepEqual(tally(moved.join('')), { d: lost });
    // 1 − 1/n of all keys and more: the share of one of ten servers is 10 % give or take what 16 points a server vary by.
    assert.ok(moved.length <= 2000 * 0.15, String(moved.length));
  });

  it('keeps every server within hash-balance-factor of its share', () => {
    const targets = [server('a', 1), server('b', 1), server('c', 2)];
    const picker = createPicker(by({ of: 'source' }, { ...CONSISTENT, balanceFactor: 125 }), targets, null);
    for (let i = 0; i < 400; i++) {
      const picked = picker.pick(null, 99);
      assert.ok(picked);
      picked.inflight++;
      // All streams have one key: they fill the first server to its share times 1.25, then the next.
      assert.ok(picked.inflight <= Math.ceil((((i + 1) * 1.25) / 4) * picked.weight) + 1);
    }
    assert.equal(targets.reduce((sum, { inflight }) => sum + inflight, 0), 400);
    assert.ok(targets.every(({ inflight, weight }) => inflight <= 125 * weight + 1), targets.map(({ inflight }) => inflight).join());
  });
});
