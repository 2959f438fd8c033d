/** Actions: what they make of requests and responses, and what is wrong with them. */
import assert from 'node:assert/strict';
import { compileRule } from '../../../src/route/compile-rule.ts';
import { ACTIONS } from '../../../src/route/actions/all.ts';
import { FieldList } from '../../../src/model/fields.ts';
import { Message } from '../../../src/route/message.ts';
import { runRules, type Decision, type Rule } from '../../../src/route/rules.ts';
import type { RuleSet } from '../../../src/route/actions/action.ts';
import { evaluation, position, scope, words } from './support.ts';
import type { Evaluation } from '../../../src/route/context.ts';

function compile(set: RuleSet, lines: readonly string[]): { rules: Rule[]; errors: string[] } {
  const at = scope();
  const rules = lines.flatMap((line) => compileRule(set, line.includes("'") ? quoted(line) : words(line), position, at) ?? []);
  return { rules, errors: at.diagnostics.errors.map(({ message, hint }) => (hint === null ? message : `${message} | ${hint}`)) };
}

/** Words between blanks, some of them in single quotes. */
function quoted(line: string): ReturnType<typeof words> {
  return [...line.matchAll(/'([^']*)'|\S+/g)].map(({ 0: whole, 1: inner }) => ({ text: inner ?? whole, position }));
}

function run(set: RuleSet, lines: readonly string[], context: Evaluation): Decision | null {
  const { rules, errors } = compile(set, lines);
  assert.deepEqual(errors, []);
  return runRules(rules, context, { next: 0 });
}

const show = (message: Message | null): string => (message?.fields ?? []).map(({ name, value }) => `${name}=${value}`).join(' ');

const BASE = [[':method', 'GET'], [':scheme', 'http'], [':authority', 'h'], [':path', '/a/b?q=1'], ['x', '1, 2'], ['y', 'z']] as const;

describe('actions on requests', () => {
  for (const [line, expected] of [
    ['set-header x n', ':method=GET :scheme=http :authority=h :path=/a/b?q=1 x=n y=z'],
    ['set-header new %[path]', ':method=GET :scheme=http :authority=h :path=/a/b?q=1 x=1, 2 y=z new=/a/b'],
    ['set-header Host other', ':method=GET :scheme=http :authority=other :path=/a/b?q=1 x=1, 2 y=z'],
    ['add-header x 3', ':method=GET :scheme=http :authority=h :path=/a/b?q=1 x=1, 2 y=z x=3'],
    ['del-header X', ':method=GET :scheme=http :authority=h :path=/a/b?q=1 y=z'],
    ['del-header ^[xy]$ -m reg', ':method=GET :scheme=http :authority=h :path=/a/b?q=1'],
    ['del-header : -m beg', ':method=GET :scheme=http :authority=h :path=/a/b?q=1 x=1, 2 y=z'],
    [String.raw`replace-header x ^(.) <\1>`, ':method=GET :scheme=http :authority=h :path=/a/b?q=1 x=<1> y=z'],
    [String.raw`replace-value x ^(.)$ <\1>`, ':method=GET :scheme=http :authority=h :path=/a/b?q=1 x=<1>, <2> y=z'],
    [String.raw`replace-value Host ^(.)$ \1.example`, ':method=GET :scheme=http :authority=h.example :path=/a/b?q=1 x=1, 2 y=z'],
    ['set-path /n', ':method=GET :scheme=http :authority=h :path=/n?q=1 x=1, 2 y=z'],
    ['set-path n?m', ':method=GET :scheme=http :authority=h :path=/n?m?q=1 x=1, 2 y=z'],
    ["set-path '/a b'", ':method=GET :scheme=http :authority=h :path=/a%20b?q=1 x=1, 2 y=z'],
    ['set-pathq /n?m=2', ':method=GET :scheme=http :authority=h :path=/n?m=2 x=1, 2 y=z'],
    [String.raw`replace-path /a/(.*) /\1/c`, ':method=GET :scheme=http :authority=h :path=/b/c?q=1 x=1, 2 y=z'],
    [String.raw`replace-pathq ^/a(.*)$ \1`, ':method=GET :scheme=http :authority=h :path=/b?q=1 x=1, 2 y=z'],
    ['set-query a=%[query]', ':method=GET :scheme=http :authority=h :path=/a/b?a=q=1 x=1, 2 y=z'],
    ['set-uri https://o/p', ':method=GET :scheme=https :authority=o :path=/p x=1, 2 y=z'],
    ['set-method POST', ':method=POST :scheme=http :authority=h :path=/a/b?q=1 x=1, 2 y=z'],
    ['set-header x n if { path /other }', ':method=GET :scheme=http :authority=h :path=/a/b?q=1 x=1, 2 y=z'],
    ['set-header x n unless { path /other }', ':method=GET :scheme=http :authority=h :path=/a/b?q=1 x=n y=z'],
  ] as const) it(line, () => {
    const context = evaluation(BASE);
    assert.equal(run('http-request', [line], context), null);
    assert.equal(show(context.request), expected);
  });

  it('a value of the client cannot end its line', () => {
    const context = evaluation([[':method', 'GET'], [':path', '/?x=a%0d%0ab']]);
    run('http-request', ['set-header x %[url_param(x),url_dec]'], context);
    assert.equal(context.request?.get('x'), 'a b');
  });

  it('variables are kept, also where there is no sample, until they are removed', () => {
    const context = evaluation(BASE);
    run('http-request', ['set-var(txn.a) req.hdr(y),upper', "set-var-fmt(sess.b) '<%[var(txn.a)]>'", 'set-header z %[var(sess.b)]', 'set-var(txn.a) req.hdr(none)', 'unset-var(sess.b)'], context);
    assert.equal(context.request?.get('z'), '<Z>');
    assert.deepEqual([context.getVariable('txn', 'a'), context.getVariable('sess', 'b')], ['Z', null]);
  });

  it('addresses are changed for the request, or for the connection', () => {
    const context = evaluation([[':method', 'GET'], [':path', '/'], ['x-real', '192.0.2.9']]);
    run('http-request', ['set-src req.hdr(x-real)', 'set-src-port int(7)', 'set-header a %[src]:%[src_port]'], context);
    assert.equal(context.request?.get('a'), '192.0.2.9:7');
    assert.equal(context.session.source?.toString(), '10.1.2.3');
    run('tcp-request content', ['set-dst ipv4(1.2.3.4)', 'set-dst-port int(8)'], context);
    assert.equal(context.session.destination?.toString(), '1.2.3.4');
  });

  it('level and timeout', () => {
    const context = evaluation(BASE);
    run('http-request', ['set-log-level silent', 'set-timeout server 5s'], context);
    assert.deepEqual([context.logLevel, context.serverTimeoutMs], ['silent', 5000]);
    run('http-request', ['set-timeout server int(5),mul(7)', 'set-timeout tunnel 1h'], context);
    assert.equal(context.tunnelTimeoutMs, 3_600_000);
    assert.equal(context.serverTimeoutMs, 35);
  });

  it('the first that decides ends the set', () => {
    const context = evaluation(BASE);
    assert.equal(run('http-request', ['allow if { path /a/b }', 'deny'], context)?.kind, 'accept');
    assert.equal(run('http-request', ['set-header a b', 'reject', 'set-header a c'], context)?.kind, 'reject');
    assert.equal(context.request?.get('a'), 'b');
    assert.deepEqual(run('http-request', ['wait-for-body time 3s at-least 1k'], context), { kind: 'body', ms: 3000, atLeast: 1024 });
    assert.equal(run('tcp-request connection', ['silent-drop'], context)?.kind, 'drop');
  });
});

describe('replies', () => {
  const GRPC = [[':method', 'POST'], [':path', '/a.B/C'], ['content-type', 'application/grpc']] as const;

  function reply(line: string, request: readonly (readonly [string, string])[] = BASE): string {
    const decision = run('http-request', [line], evaluation(request));
    assert.ok(decision?.kind === 'reply');
    const { fields, body } = decision.reply;
    return `${fields.fields.map(({ name, value }) => `${name}=${value}`).join(' ')}${body.length === 0 ? '' : ` [${body.toString()}]`}`;
  }

  for (const [line, expected] of [
    ['deny', ':status=403 content-type=text/plain; charset=utf-8 content-length=14 cache-control=no-cache [403 Forbidden\n]'],
    ['deny deny_status 429 hdr retry-after 3', ':status=429 content-type=text/plain; charset=utf-8 content-length=22 cache-control=no-cache retry-after=3 [429 Too Many Requests\n]'],
    ['deny status 404 content-type a/b string no', ':status=404 content-type=a/b content-length=2 [no]'],
    ['return', ':status=200 content-length=0'],
    ['return status 204', ':status=204'],
    ['return status 403', ':status=403 content-length=0'],
    ['return string a%[src]', ':status=200 content-type=text/plain; charset=utf-8 content-length=7 [a%[src]]'],
    ['return lf-string a%[src]', ':status=200 content-type=text/plain; charset=utf-8 content-length=9 [a10.1.2.3]'],
    ['redirect location /x', ':status=302 content-length=0 cache-control=no-cache location=/x'],
    ['redirect prefix /x code 308', ':status=308 content-length=0 location=/x/a/b?q=1'],
    ['redirect prefix / drop-query append-slash', ':status=302 content-length=0 cache-control=no-cache location=/a/b/'],
    ['redirect scheme https code 301 set-cookie a=b', ':status=301 content-length=0 location=https://h/a/b?q=1 set-cookie=a=b; path=/;'],
  ] as const) it(line, () => assert.equal(reply(line), expected));

  for (const [line, expected] of [
    ['deny', ':status=200 content-type=application/grpc grpc-status=7 grpc-message=http-request deny of f'],
    ['deny deny_status 401', ':status=200 content-type=application/grpc grpc-status=16 grpc-message=http-request deny of f'],
    ['return status 503 string sorry', ':status=200 content-type=application/grpc grpc-status=14 grpc-message=sorry'],
    ['return status 200 hdr grpc-status 5 hdr grpc-message gone', ':status=200 content-type=application/grpc grpc-status=5 grpc-message=gone'],
    ['return status 503 content-type text/plain string sorry', ':status=503 content-type=text/plain content-length=5 [sorry]'],
  ] as const) it(`of a gRPC call: ${line}`, () => assert.equal(reply(line, GRPC), expected));

  it('ignore-empty goes on where there is nowhere to go', () => {
    assert.equal(run('http-request', ['redirect location %[req.hdr(none)] ignore-empty'], evaluation(BASE)), null);
  });
});

describe('actions on responses', () => {
  it('change status and fields', () => {
    const context = evaluation(BASE);
    context.response = new Message(FieldList.of([':status', '200'], ['server', 'x'], ['a', '1']));
    run('http-response', ['set-status 404 reason None', 'del-header server', 'set-header path %[path]', 'add-header a 2'], context);
    assert.equal(show(context.response), ':status=404 a=1 path=/a/b a=2');
  });
});

describe('blanks around values', () => {
  for (const [http1, expected] of [[true, ' b  '], [false, 'b']] as const) it(http1 ? 'stay for HTTP/1' : 'go for HTTP/2, where they are an error', () => {
    const message = new Message(FieldList.of([':status', '200']), http1);
    message.set('a', ' b\r\n ');
    assert.equal(message.get('a'), expected);
    const context = evaluation(BASE);
    context.response = message;
    assert.equal(run('http-response', ['set-header b <%[res.fhdr(a)]>'], context), null);
    assert.equal(message.get('b'), '<b>');
  });
});

describe('wrong rules', () => {
  for (const [set, line, expected] of [
    ['http-request', 'dney', "unknown action 'dney' of 'http-request' | did you mean 'deny'?"],
    ['http-request', 'track-sc0 src', "'http-request track-sc0' is not supported by Pillion yet | stick tables are not supported by this version"],
    ['http-request', 'lua.x', "unknown action 'lua.x' of 'http-request'"],
    ['http-request', 'accept', "'accept' is no action of 'http-request' | it belongs to tcp-request connection, tcp-request session, tcp-request content, tcp-response content"],
    ['tcp-response content', 'close', "'tcp-response content close' is not supported by Pillion yet | 'reject'"],
    ['http-request', 'set-header', 'the name of a field is missing'],
    ['http-request', 'set-header x', 'the value is missing'],
    ['http-request', 'set-header x y z', "unexpected 'z' | a condition begins with 'if' or 'unless'"],
    ['http-request', 'set-header x: y', "'x:' is not the name of a header field"],
    ['http-request', 'set-var x src', "'set-var' needs a name in parentheses | http-request set-var(<var>) <expression>"],
    ['http-request', 'set-var(x) src', "'x' is not the name of a variable: it begins with one of 'proc.', 'sess.', 'txn.', 'req.', 'res.'"],
    ['http-request', 'set-header x %[status]', "'status' needs an HTTP response, which is not there when the request is looked at"],
    ['http-request', 'deny deny_status 99', 'the status: 99 is out of range: expected 200 to 599'],
    ['http-request', 'deny errorfile /x string a', "'errorfile' is the whole response: nothing goes with it"],
    ['http-request', 'return errorfiles', "the name of an 'http-errors' section is missing"],
    ['http-request', 'return default-errorfiles', "status 200 has no error page | 'default-errorfiles' is for statuses from 400 on"],
    ['http-request', 'deny default-errorfiles string a', "'default-errorfiles' is the whole response: nothing goes with it"],
    ['http-request', 'redirect code 302', "'redirect' needs one of location, prefix, scheme"],
    ['http-request', 'redirect location /x code 304', 'the code of a redirect is 301, 302, 303, 307 or 308, not 304'],
    ['http-request', 'capture src id 0', "there is no slot 0: 'declare capture request len <n>' above makes one"],
    ['http-request', 'replace-path ( x', 'invalid regular expression: /(/: Unterminated group'],
    ['http-request', 'wait-for-body', "'wait-for-body' needs 'time <time>'"],
    ['http-request', 'set-timeout client 5s', "'set-timeout client' is not supported by Pillion yet | 'timeout client' holds for all connections of the proxy"],
    ['tcp-request connection', 'accept if { path / }', undefined],
    ['tcp-request connection', 'set-var(sess.a) path', "'path' needs an HTTP request, which is not there in 'tcp-request connection'"],
  ] as const) it(`${set} ${line}`, () => {
    const { errors } = compile(set, [line]);
    if (expected === undefined) assert.deepEqual(errors, []);
    else assert.ok(errors[0]?.startsWith(expected), errors.join('\n'));
  });

  it('each action has its words in its usage', () => {
    for (const { name, parameter, usage } of ACTIONS) assert.ok(usage.startsWith(parameter === null ? name : `${name}(<${parameter}>)`), usage);
  });
});
