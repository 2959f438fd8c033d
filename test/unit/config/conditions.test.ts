/** `.if`, `-cc` and messages (HAProxy manual 2.4). */
import assert from 'node:assert/strict';
import { evaluateCondition } from '../../../src/config/conditions.ts';
import { loadConfiguration } from '../../../src/config/load.ts';

const FACTS = { env: { SET: '1', EMPTY: '' }, feature: (name: string): boolean => name === 'OPENSSL' };

const HOLDS: readonly string[] = [
  '1', '-1', '12', '!0', '!!1', 'defined(SET)', 'defined(EMPTY)', '!defined(NOPE)', 'feature(OPENSSL)', '!feature(LUA)', 'streq(a,a)', 'streq(,)',
  'strneq(a,b)', 'strstr(abc,bc)', 'streq("a,b","a,b")', String.raw`streq(a\,b,'a,b')`, 'streq( a, a)', 'version_atleast(2.4)', 'version_atleast(2.4-dev13)',
  'version_atleast(3.2.0)', 'version_atleast(3)', 'version_before(4)', 'version_before(3.2.1)', 'version_before(3.3-dev1)', 'version_atleast(3.2-dev9)', 'openssl_version_atleast(1.1.1)',
  'openssl_version_atleast(0x10101000)', 'openssl_version_atleast(3.0.0-alpha1)', 'openssl_version_before(9.0.0)', 'ssllib_name_startswith(OpenSSL)', 'enabled(EPOLL)', '!enabled(SPLICE)',
  '1 && 1', '0 || 1', '1 || 0 && 0', '(0 || 1) && 1', '!(0)', '!0 && !0', '1&&1||0', ' ( ( 1 ) ) ', '0 && 0 || 1', '!awslc_api_atleast(1)',
];
const FAILS: readonly string[] = [
  '', ' ', '0', '!1', 'defined(NOPE)', 'defined()', 'feature(LUA)', 'streq(a,b)', 'streq(a,A)', 'streq( a,a)', 'strneq(a,a)', 'strstr(abc,x)', 'version_before(3.2)',
  'version_atleast(3.2.1)', 'version_atleast(4.0)', 'version_atleast(1024)', 'openssl_version_before(1.1.1)', 'ssllib_name_startswith(wolfSSL)', 'enabled(KQUEUE)', '1 && 0',
  '0 || 0', '(0 || 1) && 0', '!(1 || 0)',
];
const WRONG: readonly [text: string, message: string][] = [
  ['foo', "unknown predicate 'foo'"], ['featur(X)', "unknown predicate 'featur'; did you mean 'feature'?"], ['streq(a)', "'streq' is written streq(<a>,<b>)"],
  ['streq(a,b,c)', "'streq' is written streq(<a>,<b>)"], ['streq(a', "')' is missing behind the argument of 'streq'"], ['streq', "'streq' needs its argument in parentheses"],
  ['1 2', "unexpected '2' behind the condition"], ['1 &&', 'a condition is missing at the end'], ['(1', "')' is missing"], ['1)', "unexpected ')' behind the condition"],
  ['&& 1', "'&& 1' is no condition"], ['1 | 1', "unexpected '| 1' behind the condition"], ['version_atleast(new)', "'new' is nothing that 'version_atleast' knows"],
  ['enabled(NOPE)', "'NOPE' is nothing that 'enabled' knows"], [`${'('.repeat(70)}1${')'.repeat(70)}`, 'more than 64 parentheses or negations in each other'],
  ['!'.repeat(70), 'more than 64 parentheses or negations in each other'],
];

describe('conditions', () => {
  for (const text of HOLDS) it(`${text} holds`, () => assert.deepEqual(evaluateCondition(text, FACTS), { ok: true, value: true }));
  for (const text of FAILS) it(`'${text}' does not`, () => assert.deepEqual(evaluateCondition(text, FACTS), { ok: true, value: false }));
  for (const [text, message] of WRONG) it(`refuses ${text.slice(0, 40)}`, () => assert.deepEqual(evaluateCondition(text, FACTS), { ok: false, message }));
});

function maxconn(text: string, env: Record<string, string> = {}): number | null | undefined {
  const { configuration, errors } = loadConfiguration([{ path: 't', text: `global\n${text}\n` }], env);
  assert.deepEqual(errors, []);
  return configuration?.global.maxconn;
}

describe('conditional lines', () => {
  const rows: readonly [text: string, expected: number | null][] = [
    ['.if 1\nmaxconn 1\n.endif', 1], ['.if 0\nmaxconn 1\n.endif', null], ['.if 0\nmaxconn 1\n.else\nmaxconn 2\n.endif', 2],
    ['.if 1\nmaxconn 1\n.else\nmaxconn 2\n.endif', 1], ['.if 0\nmaxconn 1\n.elif 1\nmaxconn 2\n.elif 1\nmaxconn 3\n.else\nmaxconn 4\n.endif', 2],
    ['.if 0\n.if 1\nmaxconn 1\n.else\nmaxconn 2\n.endif\n.else\nmaxconn 3\n.endif', 3], ['.if 1\n.if 0\nmaxconn 1\n.endif\nmaxconn 2\n.endif', 2],
    ['.if 0\nbogus "unclosed\n.elif 0\n\\x\n.endif\nmaxconn 5', 5], ['.if 1\nmaxconn 1\n.elif nonsense(\nmaxconn 2\n.endif', 1],
    ['.if streq("$MODE",b) # comment\nmaxconn 6\n.endif', 6], ['setenv A x\n.if streq("$A",x)\nmaxconn 7\n.endif', 7], ['  .if !defined(MODE)\nmaxconn 1\n  .endif', null],
    ['.if streq("a b", "a b")\nmaxconn 1\n.endif', null], ['.if "$EMPTY"\nmaxconn 1\n.endif', null],
  ];
  for (const [text, expected] of rows) it(JSON.stringify(text), () => assert.equal(maxconn(text, { MODE: 'b' }), expected));

  it('messages are said in their kind, and not where they are skipped', () => {
    const text = 'global\n.notice "one"\n.warning "two $X"\n.diag three\n.if 0\n.alert "no"\n.endif\n';
    const { errors, warnings, remarks } = loadConfiguration([{ path: 't', text }], { X: 'x' });
    assert.deepEqual([...errors, ...warnings, ...remarks].map(({ severity, message, position }) => [severity, message, position?.line]), [
      ['warning', 'two x', 3], ['notice', 'one', 2], ['diag', 'three', 4],
    ]);
  });

  it('a block ends with its file', () => {
    const sources = [{ path: 'a', text: 'global\n.if 1\n' }, { path: 'b', text: 'global\n.endif\n' }];
    assert.deepEqual(loadConfiguration(sources, {}).errors.map(({ message }) => message), ["'.if' without '.endif' in this file", "'.endif' without '.if' above"]);
  });
});

describe('variables', () => {
  it('setenv, presetenv, unsetenv and resetenv change what follows, and the process\'s environment', () => {
    const text = 'global\nsetenv A 1\npresetenv A 2\npresetenv B 2\nsetenv EMPTY "$NOPE"\nunsetenv C\nresetenv A B D EMPTY\nmaxconn "$A$B"\n';
    const { configuration, errors, environment } = loadConfiguration([{ path: 't', text }], { C: '3', D: '4', E: '5' });
    assert.deepEqual(errors, []);
    assert.equal(configuration?.global.maxconn, 12);
    assert.deepEqual({ ...environment }, { A: '1', B: '2', D: '4', EMPTY: '' });
  });

  it('what was given is not changed', () => {
    const env = { A: '1' };
    loadConfiguration([{ path: 't', text: 'global\nsetenv A 2\nunsetenv A\n' }], env);
    assert.deepEqual(env, { A: '1' });
  });

  it('arguments that are an empty variable are none', () => {
    for (const line of ['maxconn 8 "$X"', 'maxconn "${X[*]}" 8', 'maxconn 8 "${X[*]}" "$X"', 'maxconn 8 "${X}"']) {
      assert.equal(maxconn(line, { X: '' }), 8, line);
      assert.equal(maxconn(line), 8, line);
    }
  });
});
