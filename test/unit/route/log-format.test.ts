/** Log-format strings, regular expressions, addresses. */
import assert from 'node:assert/strict';
import { compileLogFormat } from '../../../src/route/log-format.ts';
import { compileRegex, expandReplacement } from '../../../src/route/regex.ts';
import { parseAddress, parseNetwork } from '../../../src/route/address.ts';
import { LOG_VARIABLES } from '../../../src/route/log-variables.ts';
import { formatTime } from '../../../src/route/strftime.ts';
import { evaluation, position, render, scope, streamRecord } from './support.ts';

describe('log-format', () => {
  for (const [text, expected] of [
    ['plain  text', 'plain  text'], ['100%%', '100%'], ['%[src]', '10.1.2.3'], ['<%[path,upper]>', '</A/B>'], ['%ci:%cp', '10.1.2.3:5000'], ['%f %ft', 'fe fe'],
    ['%HM %HPO %HQ', 'GET /a/b ?x=1&Y=2'], ['%[req.hdr(none)]x', 'x'], ['%{+Q}[req.hdr(none)]', '""'], ['%{+Q}[path]', '"/a/b"'], ['%{+E}[str("a]b")]', String.raw`a\]b`], ['%{+X}cp', '1388'], ['%{+X}pid', '002A'], ['%{+X}[int(10)]', '10'],
    ['%{+X}o%ci:%cp', '0A010203:1388'], ['%[str( a)]', ' a'], ['%pid', '42'], ['%r', 'GET http://example.com:8080/a/b?x=1&Y=2 HTTP/2.0'], ['%{+Q}r', '"GET http://example.com:8080/a/b?x=1&Y=2 HTTP/2.0"'], ['%[path,field(2,/)]-%[path,field(3,/)]', 'a-b'],
    ['', ''],
  ] as const) it(`${text} is ${expected}`, () => assert.equal(render(text), expected));

  it('in lines: what is missing is -, blanks are one, and nothing ends the line', () => {
    const context = evaluation([[':method', 'GET'], [':path', '/'], ['x', 'a\nb"']]);
    assert.equal(render('a   b %[req.hdr(none)]', context, 'log', 'line'), 'a b -');
    assert.equal(render('%[req.hdr(x)] %{+Q}[req.hdr(x)]', context, 'log', 'line'), 'a#0Ab" "a#0Ab#22"');
  });

  it('knows what the stream was', () => {
    const context = evaluation();
    context.record = streamRecord({ totalMs: 12.4, queueMs: -1 });
    assert.equal(render('%ST %B %U %ts %Tt %Tw %Tc %Tr %rc', context, 'log', 'line'), '200 20 10 -- 12 -1 0 2 0');
    const standard = '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r';
    assert.match(render(standard, context, 'log', 'line'), /^10\.1\.2\.3:5000 \[\d\d\/[A-Z][a-z]{2}\/\d{4}:[\d:]{8}\.\d{3}\] fe app\/<NOSRV> 0\/-1\/0\/2\/12 200 20 - - ---- 7\/1\/4\/0\/0 0\/3 - - "GET \S+ HTTP\/2\.0"$/);
    for (const [name] of LOG_VARIABLES) assert.equal(typeof render(`%${name}`, context, 'log', 'line'), 'string', name);
  });

  for (const [text, expected] of [
    ['%', "nothing that is known stands behind '%' | write %% for a percent sign, %[fetch] for an expression"],
    ['%cx', "unknown variable '%cx' | did you mean '%CC'?"],
    ['%[src', "expression in '%[': ']' is missing at the end of the expression"],
    ['%[scr]', "unknown sample fetch 'scr' | did you mean 'str'?"],
    ['%{+Z}ci', "unknown flag '+Z': there are +Q (quotes), +X (hexadecimal) and +E (escapes)"],
    ['%B', "'%B' needs the end of the stream, which is not there when the request is looked at"],
  ] as const) it(`${text} is wrong`, () => {
    const at = scope();
    assert.equal(compileLogFormat(text, position, 'request', 'value', at), null);
    assert.deepEqual(at.diagnostics.errors.map(({ message, hint }) => (hint === null ? message : `${message} | ${hint}`)), [expected]);
  });
});

describe('regular expressions of PCRE', () => {
  for (const [source, text, matches] of [
    ['(?i)ABC', 'xabc', true], ['(?P<n>a)b', 'ab', true], ['[[:alpha:]]+$', '12ab', true], ['[^[:digit:]]', '1', false], [String.raw`\Aab\z`, 'ab', true], [String.raw`\Qa.b\E`, 'axb', false],
    [String.raw`a\h+b`, 'a \tb', true], ['[]a]', ']', true], ['a(?#comment)b', 'ab', true], [String.raw`\x{41}`, 'A', true], ['a{2,3}', 'aa', true],
  ] as const) it(`${source} ${matches ? 'matches' : 'does not match'} ${text}`, () => {
    const compiled = compileRegex(source, false);
    assert.ok(compiled.ok);
    assert.equal(compiled.regex.test(text), matches);
    assert.equal(compiled.warning, null);
  });
  for (const source of ['a++b', '(?>a)b', '(?R)', String.raw`\Ka`, '(', '[[:what:]]']) it(`${source} is an error`, () => assert.equal(compileRegex(source, false).ok, false));
  for (const source of ['(a+)+$', '(.*)*x', '(\\w+)*y']) it(`${source} is warned of`, () => assert.notEqual((compileRegex(source, false) as { warning: string | null }).warning, null));
  it('replacements hold groups', () => assert.equal(expandReplacement(String.raw`<\1|\0|\9|\\|\x41>`, ['whole', 'one']), String.raw`<one|whole||\|A>`));
});

describe('addresses', () => {
  for (const [text, expected] of [
    ['10.0.0.1', '10.0.0.1'], ['::1', '::1'], ['2001:DB8:0:0:1::', '2001:db8:0:0:1::'], ['::ffff:10.0.0.1', '::ffff:10.0.0.1'], ['[::1]', '::1'], ['::', '::'], ['1::2:0:0:3', '1::2:0:0:3'],
    ['10.0.0', undefined], ['256.1.1.1', undefined], ['1:2', undefined], ['1::2::3', undefined], ['a', undefined], ['', undefined],
  ] as const) it(`${text} is ${expected ?? 'none'}`, () => assert.equal(parseAddress(text)?.toString(), expected));
  for (const [text, expected] of [['10.1.2.3/8', '10.0.0.0/8'], ['10/8', '10.0.0.0/8'], ['10.0.0.0/255.255.0.0', '10.0.0.0/16'], ['2001:db8::1/32', '2001:db8::/32'], ['1.1.1.1', '1.1.1.1/32'],
    ['1.1.1.1/33', undefined], ['1.1.1.1/255.0.255.0', undefined]] as const) it(`${text} is the network ${expected ?? 'none'}`, () => {
    const network = parseNetwork(text);
    assert.equal(network === null ? undefined : `${network.address.toString()}/${network.bits}`, expected);
  });
});

describe('dates', () => {
  it('in the formats of strftime', () => {
    const date = new Date(Date.UTC(2026, 1, 3, 4, 5, 6));
    assert.equal(formatTime('%a %A %b %B %C %d %D %e %F %H %I %j %m %M %p %R %S %s %T %u %w %y %Y %z %%', date, true, 0, 1),
      'Tue Tuesday Feb February 20 03 02/03/26  3 2026-02-03 04 04 034 02 05 AM 04:05 06 1770091506 04:05:06 2 2 26 2026 +0000 %');
  });

  it('shows a target as HAProxy has it: absolute in HTTP/2 and where the client wrote it so, else as path', () => {
    const render = (originForm: boolean): string => {
      const compiled = compileLogFormat('%HU %HP %HPO', position, 'request', 'line', scope());
      assert.ok(compiled !== null);
      return compiled.render(evaluation([[':method', 'GET'], [':scheme', 'http'], [':authority', 'h'], [':path', '/a?b']], {}, originForm));
    };
    assert.equal(render(true), '/a?b /a /a');
    assert.equal(render(false), 'http://h/a?b http://h/a /a');
  });
});
