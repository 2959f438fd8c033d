import assert from 'node:assert/strict';
import { answered, forwarded, presented, type Answered } from '../../../src/balance/cookie.ts';
import { xxh64 } from '../../../src/balance/xxh64.ts';
import type { CookieSettings } from '../../../src/config/stickiness-settings.ts';
import { FieldList } from '../../../src/model/fields.ts';
import { dynamicCookie } from '../../../src/pool/dynamic-cookie.ts';

const INSERT: CookieSettings = {
  name: 'SRV', mode: 'insert', indirect: true, nocache: false, postonly: false, preserve: false, dynamic: false, maxIdle: null, maxLife: null, attributes: '',
};
const NOW = 1_795_276_000;

function request(...cookies: string[]): FieldList {
  return FieldList.of([':method', 'GET'], [':path', '/'], ...cookies.map((value) => ['cookie', value] as const));
}

function by(settings: CookieSettings, sent: FieldList, more: Partial<Answered> = {}): Answered {
  return { cookie: 'A', presented: presented(settings, sent, NOW), method: 'GET', nowSeconds: NOW, ...more };
}

function setCookies(list: FieldList): string[] {
  return list.fields.filter(({ name }) => name === 'set-cookie').map(({ value }) => value);
}

const PLAIN = FieldList.of([':status', '200']);
const WITH_OWN = FieldList.of([':status', '200'], ['set-cookie', 'SRV=app; path=/x'], ['set-cookie', 'other=1']);

describe('cookie insert', () => {
  it('is set where the client has none, another, or one of another server', () => {
    for (const sent of [request(), request('x=1'), request('SRV=B')]) {
      assert.deepEqual(setCookies(answered(INSERT, PLAIN, by(INSERT, sent))), ['SRV=A; path=/']);
    }
    assert.equal(answered(INSERT, PLAIN, by(INSERT, request('SRV=A'))), PLAIN);
  });

  it('carries its attributes, and tells caches with nocache', () => {
    const settings = { ...INSERT, nocache: true, attributes: '; domain=a.com; HttpOnly' };
    const list = answered(settings, PLAIN, by(settings, request()));
    assert.deepEqual(setCookies(list), ['SRV=A; path=/; domain=a.com; HttpOnly']);
    assert.equal(list.get('cache-control'), 'private');
  });

  it('is set in answers to POST only with postonly', () => {
    const settings = { ...INSERT, postonly: true };
    assert.equal(answered(settings, PLAIN, by(settings, request())), PLAIN);
    assert.equal(setCookies(answered(settings, PLAIN, by(settings, request(), { method: 'POST' }))).length, 1);
  });

  it('leaves the one of the server alone with preserve, and takes it away with indirect', () => {
    assert.equal(answered({ ...INSERT, preserve: true }, WITH_OWN, by(INSERT, request())), WITH_OWN);
    assert.deepEqual(setCookies(answered(INSERT, WITH_OWN, by(INSERT, request()))), ['other=1', 'SRV=A; path=/']);
    assert.deepEqual(setCookies(answered(INSERT, WITH_OWN, by(INSERT, request('SRV=A')))), ['other=1']);
  });

  it('is taken back by a server without a cookie', () => {
    assert.deepEqual(setCookies(answered(INSERT, PLAIN, by(INSERT, request('SRV=A'), { cookie: null }))), [
      'SRV=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/',
    ]);
  });

  it('has dates that are renewed, and that run out', () => {
    const settings = { ...INSERT, maxIdle: 60, maxLife: 600 };
    const [first = ''] = setCookies(answered(settings, PLAIN, by(settings, request())));
    const value = /^SRV=([^;]+);/.exec(first)?.[1] ?? '';
    assert.match(value, /^A\|[\w+/]{5}\|[\w+/]{5}$/);
    const sent = request(`SRV=${value}`);
    assert.deepEqual(presented(settings, sent, NOW), { value: 'A', lastSeen: NOW, firstSeen: NOW, expired: false });
    assert.equal(presented(settings, sent, NOW + 61)?.expired, true);
    assert.equal(presented({ ...settings, maxIdle: null }, sent, NOW + 599)?.expired, false);
    assert.equal(presented({ ...settings, maxIdle: null }, sent, NOW + 601)?.expired, true);
    assert.equal(presented(settings, sent, NOW - 100_000)?.expired, true);
    // Seen again: a new last date, the first one stays.
    const [again = ''] = setCookies(answered(settings, PLAIN, by(settings, sent, { nowSeconds: NOW + 40 })));
    assert.equal(presented(settings, request(again.split(';', 1)[0] as string), NOW + 40)?.firstSeen, NOW);
    assert.equal(presented(settings, request(again.split(';', 1)[0] as string), NOW + 40)?.lastSeen, NOW + 40);
  });

  it('takes what is no date for none', () => {
    assert.deepEqual(presented({ ...INSERT, maxIdle: 1 }, request('SRV=A|!!|x'), NOW), { value: 'A', lastSeen: null, firstSeen: null, expired: false });
  });

  it('is hidden from servers with indirect alone, and others are not touched', () => {
    assert.equal(forwarded({ ...INSERT, indirect: false }, request('SRV=A')).get('cookie'), 'SRV=A');
    assert.deepEqual(forwarded(INSERT, request('x=1; SRV=A; y=2', 'SRV=A')).fields.map(({ value }) => value), ['GET', '/', 'x=1; y=2']);
    const other = request('x=SRV; XSRV=A');
    assert.equal(forwarded(INSERT, other), other);
  });
});

describe('cookie rewrite and prefix', () => {
  it("write the server's into the cookie that it sets", () => {
    const rewrite = { ...INSERT, mode: 'rewrite' } as const;
    assert.deepEqual(setCookies(answered(rewrite, WITH_OWN, by(rewrite, request()))), ['SRV=A; path=/x', 'other=1']);
    assert.equal(answered(rewrite, PLAIN, by(rewrite, request())), PLAIN);
    const prefix = { ...INSERT, mode: 'prefix' } as const;
    assert.deepEqual(setCookies(answered(prefix, WITH_OWN, by(prefix, request()))), ['SRV=A~app; path=/x', 'other=1']);
  });

  it('take the prefix away before the server sees it', () => {
    const prefix = { ...INSERT, mode: 'prefix' } as const;
    const sent = request('SRV=A~app; y=2');
    assert.equal(presented(prefix, sent, NOW)?.value, 'A');
    assert.equal(forwarded(prefix, sent).get('cookie'), 'SRV=app; y=2');
    assert.equal(presented(prefix, request('SRV=app'), NOW)?.value, '');
  });
});

describe('dynamic cookies', () => {
  it('are those of HAProxy', () => {
    assert.equal(xxh64(Buffer.from('')), 0xef46db3751d8e999n);
    assert.equal(xxh64(Buffer.from('abc')), 0x44bc2cf5ad770999n);
    const address = { kind: 'tcp', host: '127.0.0.1', port: { kind: 'fixed', port: 18_111 } } as const;
    assert.equal(dynamicCookie('secret', address), '92cb9e0f579014bb');
    assert.equal(dynamicCookie('secret', { ...address, host: 'name' }), null);
    assert.equal(dynamicCookie('a secret of more than thirty-two octets', { ...address, host: '::1' })?.length, 16);
  });
});
