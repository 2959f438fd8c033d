import assert from 'node:assert/strict';
import { DEFAULT_STATS, type StatsSettings } from '../../../src/config/stats-settings.ts';
import type { Condition } from '../../../src/route/condition.ts';
import { access, isForeign } from '../../../src/stats/access.ts';
import { COLUMNS, SERVER, type ProxyRows } from '../../../src/stats/columns.ts';
import { renderCsv } from '../../../src/stats/csv.ts';
import { count, duration, escape, octets } from '../../../src/stats/format.ts';
import { kindOf, renderHtml, type PageInfo } from '../../../src/stats/html.ts';
import type { StatsRequest } from '../../../src/stats/request.ts';
import { Average, History } from '../../../src/stats/tally.ts';
import { Meter } from '../../../src/stats/meters.ts';
import { pageUri, parseOptions } from '../../../src/stats/uri.ts';

function request(headers: Record<string, string> = {}, more: Partial<StatsRequest> = {}): StatsRequest {
  return { method: 'GET', target: '/stats', authority: 'proxy.example:8089', secure: false, meets: () => true, header: (name) => headers[name] ?? '', ...more };
}

const basic = (text: string): Record<string, string> => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

describe('access to the statistics', () => {
  const settings: StatsSettings = { ...DEFAULT_STATS, realm: 'r', users: [{ name: 'admin', password: 'a:b c' }, { name: 'x', password: '' }] };

  it('is everybody\'s without users', () => {
    assert.deepEqual(access(DEFAULT_STATS, request()), { kind: 'granted' });
  });

  it('needs the name and password of one of the users', () => {
    for (const good of ['admin:a:b c', 'x:']) assert.equal(access(settings, request(basic(good))).kind, 'granted', good);
    for (const bad of ['admin:', 'admin:a', 'admin', 'x:1', ':', 'ADMIN:a:b c']) {
      assert.deepEqual(access(settings, request(basic(bad))), { kind: 'challenge', realm: 'r' }, bad);
    }
    for (const authorization of ['', 'Bearer x', 'Basic', 'Basic !!!']) assert.equal(access(settings, request({ authorization })).kind, 'challenge');
    assert.equal(access(settings, request({ authorization: basic('x:')['authorization']?.replace('Basic', 'bAsIc') ?? '' })).kind, 'granted');
  });

  it('is ruled by the first rule that applies', () => {
    const never = { meets: () => false };
    const condition: Condition = { text: '', ofHttp: [], evaluate: () => 0, explain: () => [] };
    const rules: StatsSettings['rules'] = [{ action: 'deny', realm: null, condition }, { action: 'auth', realm: 'other', condition: null }];
    assert.equal(access({ ...settings, rules }, request()).kind, 'denied');
    assert.deepEqual(access({ ...settings, rules }, request({}, never)), { kind: 'challenge', realm: 'other' });
    assert.equal(access({ ...settings, rules: [{ action: 'allow', realm: null, condition: null }] }, request()).kind, 'granted');
  });
});

describe('forms from elsewhere', () => {
  const cases: readonly (readonly [headers: Record<string, string>, foreign: boolean])[] = [
    [{}, false],
    [{ 'sec-fetch-site': 'same-origin' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ 'sec-fetch-site': 'same-site' }, true],
    [{ 'sec-fetch-site': 'cross-site', origin: 'http://proxy.example:8089' }, true],
    [{ origin: 'http://proxy.example:8089' }, false],
    [{ origin: 'http://PROXY.example:8089' }, false],
    [{ origin: 'http://proxy.example' }, true],
    [{ origin: 'http://evil.example:8089' }, true],
    [{ origin: 'null' }, true],
    [{ referer: 'http://proxy.example:8089/stats;up' }, false],
    [{ referer: 'http://evil.example/http://proxy.example:8089/' }, true],
    [{ referer: 'nonsense' }, true],
  ];
  for (const [headers, foreign] of cases) {
    it(`${foreign ? 'are refused' : 'are not'}: ${JSON.stringify(headers)}`, () => assert.equal(isForeign(request(headers)), foreign));
  }

  it('compares hosts without the port of the scheme', () => {
    assert.equal(isForeign(request({ origin: 'https://a.example' }, { authority: 'a.example:443', secure: true })), false);
    assert.equal(isForeign(request({ origin: 'http://a.example' }, { authority: 'a.example' })), false);
  });
});

describe('the URI of the page', () => {
  it('has options behind semicolons, which links keep', () => {
    const options = parseOptions(';up;norefresh;scope=web-1');
    assert.deepEqual(options, { format: 'html', hideDown: true, hideMaintenance: false, noRefresh: true, outcome: '', scope: 'web-1' });
    assert.equal(pageUri('/stats', options), '/stats;up;norefresh;scope=web-1');
    assert.equal(pageUri('/stats', options, { format: 'csv', hideDown: false }), '/stats;csv;norefresh;scope=web-1');
    assert.equal(parseOptions(';st=DONE;csv').outcome, 'DONE');
    assert.equal(parseOptions('?scope=%3Cb%3E&x').scope, 'b');
    assert.equal(parseOptions('?scope=%E0').scope, '');
    assert.equal(parseOptions(`;scope=${'x'.repeat(100)}`).scope.length, 20);
  });
});

const ROWS: ProxyRows = {
  id: 3, name: 'be', mode: 'http',
  rows: [{ pxname: 'be', svname: 's1', type: SERVER, status: 'UP 2/3', scur: 1234, last_chk: 'said "no", then <left>', check_status: 'L7STS', addr: '<&>' }],
};

describe('CSV', () => {
  it("has HAProxy's columns in their order", () => {
    assert.equal(COLUMNS.length, 113);
    assert.deepEqual(['pxname', 'status', 'type', 'check_status', 'hrsp_1xx', 'req_tot', 'last_chk', 'addr', 'algo', 'src_ilim', 'uweight', 'proto'].map((name) => COLUMNS.indexOf(name)),
      [0, 17, 32, 36, 39, 48, 56, 73, 76, 89, 99, 112]);
  });

  it('quotes what needs it and leaves out what does not apply', () => {
    const [header = '', line = '', ...rest] = renderCsv([ROWS]).split('\n');
    assert.match(header, /^# pxname,svname,qcur,.*,proto,$/);
    assert.ok(line.startsWith('be,s1,,,1234,,'), line);
    assert.ok(line.includes(',"said ""no"", then <left>",'), line);
    assert.deepEqual(rest, ['']);
  });
});

describe('HTML', () => {
  const info: PageInfo = {
    version: '1.2.3', pid: 7, uptimeSeconds: 90_061, maxFiles: 1, maxconn: 2, connections: 3, streams: 4, hostname: '<host>', description: null, stopping: '',
  };
  const render = (settings: Partial<StatsSettings>, admin = false, rest = ''): string =>
    renderHtml([ROWS], info, { ...DEFAULT_STATS, uri: '/s', ...settings }, parseOptions(rest), admin);

  it('escapes whatever it shows', () => {
    const html = render({ node: '', legends: true, description: '"x" & <y>' });
    for (const wrong of ['<host>', '<left>', '<&>', '<y>', 'said "no"']) assert.ok(!html.includes(wrong), wrong);
    assert.ok(html.includes('&lt;host&gt;') && html.includes('&quot;x&quot; &amp; &lt;y&gt;'));
  });

  it('tells the version unless it is hidden', () => {
    assert.ok(render({}).includes('1.2.3'));
    assert.ok(!render({ hideVersion: true }).includes('1.2.3'));
  });

  it('has a form for those who may, with the fields of HAProxy', () => {
    assert.ok(!render({}).includes('<form method="post"'));
    const html = render({}, true, ';up;st=DONE');
    for (const part of ['<form method="post" action="/s;up">', '<input type="checkbox" name="s" value="s1"', '<input type="hidden" name="b" value="#3">', '<option value="drain">', 'Action processed successfully']) {
      assert.ok(html.includes(part), part);
    }
  });

  it('gives each state its colour', () => {
    const kinds = ['UP', 'UP 2/3', 'DOWN', 'DOWN 1/2', 'NOLB', 'DRAIN', 'MAINT', 'MAINT (resolution)', 'no check'].map((status) => kindOf({ pxname: '', svname: '', type: SERVER, status, bck: 0 }));
    assert.deepEqual(kinds, ['up', 'going-down', 'down', 'going-up', 'nolb', 'drain', 'maint', 'maint', 'no-check']);
    assert.equal(kindOf({ pxname: '', svname: '', type: SERVER, status: 'UP', bck: 1 }), 'backup-up');
  });
});

describe('numbers and times', () => {
  it('are written for people', () => {
    assert.deepEqual([0, 59, 60, 3599, 3600, 86_399, 90_061].map(duration), ['0s', '59s', '1m0s', '59m59s', '1h0m', '23h59m', '1d1h']);
    assert.deepEqual([0, 999, 1000, 1_234_567].map(count), ['0', '999', '1\u202f000', '1\u202f234\u202f567']);
    assert.deepEqual([0, 1023, 1024, 12_345, 5e9].map(octets), ['0', '1023', '1.00K', '12.1K', '4.66G']);
    assert.equal(escape(`<a href="x">'&`), '&lt;a href=&quot;x&quot;&gt;&#39;&amp;');
  });

  it('are averaged over the last so many', () => {
    const average = new Average();
    for (const sample of [10, 20, -1, 30]) average.add(sample);
    assert.deepEqual([average.value, average.max], [20, 30]);
  });

  it('are events of the last second', () => {
    const meter = new Meter(100, 0);
    meter.tick(150, 1000);
    assert.equal(meter.rate(150, 1000), 50);
    assert.equal(meter.rate(160, 1500), 35);
    meter.tick(160, 2000);
    meter.tick(160, 3000);
    assert.deepEqual([meter.rate(160, 3000), meter.max, meter.lastAt], [0, 50, 2000]);
  });

  it('add up while something is down', () => {
    const history = new History(0, false);
    history.change(1000, true);
    history.change(4000, false);
    assert.deepEqual([history.downMs(9000), history.timesDown, history.changedAt], [3000, 1, 4000]);
    history.change(9000, true);
    assert.equal(history.downMs(10_000), 4000);
  });
});
