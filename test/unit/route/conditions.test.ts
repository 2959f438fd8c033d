/** ACLs and conditions: what they are true of, and what is wrong with them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileAcl } from '../../../src/route/compile-rule.ts';
import { compileCondition } from '../../../src/route/condition.ts';
import { PASS, UNKNOWN, type Place } from '../../../src/route/scope.ts';
import { evaluation, position, scope, words } from './support.ts';
import type { Evaluation } from '../../../src/route/context.ts';

/** Whether `if <text>` holds, `acls` being declared above. */
function holds(text: string, acls: readonly string[] = [], context: Evaluation = evaluation(), place: Place = 'request'): boolean | 'unknown' {
  const at = scope();
  for (const acl of acls) compileAcl(words(acl), position, at);
  const condition = compileCondition(words(`if ${text}`), place, at);
  assert.deepEqual(at.diagnostics.errors.map(({ message }) => message), []);
  assert.ok(condition);
  const verdict = condition.evaluate(context);
  return verdict === UNKNOWN ? 'unknown' : verdict === PASS;
}

function complaints(text: string, acls: readonly string[] = [], place: Place = 'request'): string[] {
  const at = scope();
  for (const acl of acls) compileAcl(words(acl), position, at);
  compileCondition(words(text), place, at);
  return [...at.diagnostics.errors, ...at.diagnostics.warnings].map(({ severity, message, hint, position: where }) =>
    `${where?.column ?? 0} ${severity}: ${message}${hint === null ? '' : ` | ${hint}`}`);
}

describe('conditions', () => {
  for (const [text, expected] of [
    ['TRUE', true], ['FALSE', false], ['!FALSE', true], ['! FALSE', true], ['TRUE FALSE', false], ['TRUE || FALSE', true], ['FALSE or TRUE', true], ['FALSE TRUE || TRUE', true],
    ['METH_GET', true], ['METH_POST', false], ['HTTP', true], ['HTTP_2.0', true], ['LOCALHOST', false], ['WAIT_END', true],
    ['{ path /a/b }', true], ['{ path /A/B }', false], ['{ path -i /A/B }', true], ['{ path_beg /a }', true], ['{ path_beg /b }', false], ['{ path_end b }', true], ['{ path_sub a/ }', true],
    ['{ path_reg ^/[ab]/ }', true], ['{ path_reg -i ^/A }', true], ['{ path_dir b }', true], ['{ path_dir a/b }', true], ['{ path_dir c }', false], ['{ path_len 4 }', true], ['{ path_len gt 4 }', false],
    ['{ hdr_dom(host) example.com }', true], ['{ hdr_dom(host) ample.com }', false], ['{ hdr_beg(host) example }', true], ['{ req.hdr(host) -m sub ample }', true],
    ['{ req.hdr(x) a }', true], ['{ req.hdr(x) b }', true], ['{ req.hdr(x,1) b }', false], ['{ req.hdr(x) -m found }', true], ['{ req.hdr(none) -m found }', false], ['!{ req.hdr(none) -m found }', true],
    ['{ req.hdr_cnt(x) 3 }', true], ['{ req.hdr_cnt(x) ge 3 lt 2 }', true], ['{ req.hdr_cnt(x) 1:2 4: }', false], ['{ req.hdr_cnt(x) :3 }', true],
    ['{ src 10.1.2.3 }', true], ['{ src 10.0.0.0/8 192.168.0.0/16 }', true], ['{ src 10/8 }', true], ['{ src 10.0.0.0/255.0.0.0 }', true], ['{ src ::/0 }', false], ['{ src_port gt 1024 }', true],
    ['{ path,lower -m str /a/b }', true], ['{ method GET HEAD }', true], ['{ nbsrv(app) lt 1 }', false], ['{ url_param(x) 1 }', true], ['{ query -m sub Y= }', true],
    ['{ str(abc) -m len 3 }', true], ['{ str(12) -m int 12 }', true], ['{ str(10.1.1.1) -m ip 10.0.0.0/8 }', true], ['{ bin(4142) -m bin 4142 }', true], ['{ int(3) -m bool }', true], ['{ int(0) -m bool }', false],
    ['{ str(-i) -- -i }', true], ['{ var(txn.x) -m found }', false], ['{ var(txn.x) -m str y }', false], ['{ str(::ffff:10.0.0.1) -m ip 10.0.0.0/8 }', true],
  ] as const) it(`if ${text}: ${expected}`, () => assert.equal(holds(text), expected));

  it('several lines of one name are alternatives', () => {
    assert.equal(holds('a', ['a path /x', 'a method GET']), true);
    assert.equal(holds('!a', ['a path /x', 'a method GET']), false);
  });

  it('patterns come from files, several and beside others', () => {
    const directory = mkdtempSync(join(tmpdir(), 'pillion-'));
    try {
      const file = join(directory, 'p');
      writeFileSync(file, '# networks\n\n192.168.0.0/16\r\n10.0.0.0/8\n');
      assert.equal(holds(`{ src -f ${file} }`), true);
      assert.equal(holds(`{ src 1.1.1.1 }`), false);
      const map = join(directory, 'm');
      writeFileSync(map, '/a/b one\n');
      assert.equal(holds(`{ path -M -f ${map} }`), true);
      assert.match(complaints(`if { src -f ${map} }`).join(), /m:1: '\/a\/b one' is not an IP address or network/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('what has not come yet is neither true nor false', () => {
    const context = evaluation(null);
    context.final = false;
    assert.equal(holds('{ req.ssl_sni a }', [], context), 'unknown');
    assert.equal(holds('!{ req.ssl_sni a }', [], context), 'unknown');
    assert.equal(holds('{ req.ssl_sni a } || TRUE', [], context), true);
    assert.equal(holds('{ req.ssl_sni a } FALSE', [], context), false);
    assert.equal(holds('WAIT_END', [], context), 'unknown');
    assert.equal(holds('{ req.len gt 3 }', [], context), 'unknown');
    context.bytes = Buffer.from('GET / HTTP/1.1\r\n');
    assert.equal(holds('{ req.len gt 3 }', [], context), true);
    assert.equal(holds('HTTP', [], context), true);
    assert.equal(holds('{ req.payload(0,3) -m str GET }', [], context), true);
    assert.equal(holds('{ req.payload(0,30) -m found }', [], context), 'unknown');
    assert.equal(holds('{ req.ssl_hello_type 1 }', [], context), false);
    context.final = true;
    assert.equal(holds('{ req.payload(0,30) -m found }', [], context), false);
    assert.equal(holds('WAIT_END', [], context), true);
  });

  for (const [text, expected] of [
    ['if', ["1 error: 'if' needs a condition"]],
    ['if x', ["4 error: there is no ACL named 'x' | an ACL is declared above the rule that uses it: acl NAME criterion ..."]],
    ['if METH_GTE', ["4 error: there is no ACL named 'METH_GTE' | did you mean 'METH_GET'?"]],
    ['if { path_beg /x', ["4 error: '}' is missing behind '{': blanks stand around both"]],
    ['if { }', ['4 error: an ACL needs a criterion, such as path_beg']],
    ['if TRUE ||', ["9 error: a condition is missing behind '||'"]],
    ['if || TRUE', ["4 error: nothing stands before '||'"]],
    ['if TRUE !', ["9 error: a condition is missing behind '!'"]],
    ['if { pth_beg /x }', ["6 error: unknown sample fetch 'pth_beg'"]],
    ['if { path -m bgn /x }', ["14 error: unknown matching method 'bgn' | did you mean 'bin'?"]],
    ['if { path -x /y }', ["11 error: unknown flag '-x' of an ACL | flags are -i, -f, -m, -n, -M and -u; '--' ends them"]],
    ['if { path -f }', ["11 error: '-f' needs a file"]],
    ['if { src 10.0.0.256 }', ["10 error: '10.0.0.256' is not an IP address or network"]],
    ['if { src_port abc }', ["15 error: 'abc' is not a number or a range of numbers"]],
    ['if { path_reg ( }', ['15 error: invalid regular expression: /(/: Unterminated group']],
    ['if { path_reg (a+)+b }', ["6 warning: '(a+)+' repeats what repeats: a client can make it take exponential time"]],
    ['if { path_beg,lower /x }', ["6 error: 'path_beg' is a criterion with a match of its own: no converter may follow it | 'path' with '-m beg' behind the converters"]],
    ['if { var(txn.x) y }', ["6 error: 'var(txn.x)' needs '-m' and a matching method: what type it has is known at run time only | one of str, beg, end, sub, reg, dom, dir, len, int, ip, bin, bool, found"]],
    ['if { req.hdr(x) }', ["6 warning: 'req.hdr(x)' has no pattern to match: it is never true | to ask whether it is there: '-m found'"]],
    ['if { status 200 }', ["4 warning: the condition is never true: 'status' needs an HTTP response, which is not there when the request is looked at"]],
  ] as const) it(`${text} is told of`, () => assert.deepEqual(complaints(text), expected));
});
