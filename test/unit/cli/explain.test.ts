/** `pillion explain`: its words, and what it says of a configuration. */
import assert from 'node:assert/strict';
import { explainRequest, parseExplain, type Question } from '../../../src/cli/explain.ts';
import { loadConfiguration } from '../../../src/config/load.ts';

const TEXT = `defaults
  mode grpc
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend clients
  bind :8080
  acl internal src 10.0.0.0/8
  http-request deny if { grpc.service admin.Admin } !internal
  http-request set-header x-service %[grpc.service]
  use_backend be_%[req.hdr(x-colour)] if { req.hdr(x-colour) -m found }
  use_backend greeters if { path_beg /helloworld.Greeter/ }
  default_backend others
backend greeters
  http-request set-path /v2%[path]
  use-server g2 if { req.hdr(x-canary) 1 }
  server g1 127.0.0.1:1
  server g2 127.0.0.1:2
backend others
  server o 127.0.0.1:3
`;

function ask(words: readonly string[]): string {
  const parsed = parseExplain(['-f', 't', ...words]);
  assert.ok(parsed.ok);
  const { configuration, errors } = loadConfiguration([{ path: 't', text: TEXT }], {});
  assert.deepEqual(errors, []);
  assert.ok(configuration);
  return explainRequest(configuration, parsed.question) ?? '';
}

describe('explain', () => {
  it('reads a request, fields and an address', () => {
    const parsed = parseExplain(['-f', 'a', '-f', 'b', 'POST /pkg.Svc/Do', '-H', 'X-A: b: c', '--from', '::1', '--frontend', 'f']);
    const question: Question = { paths: ['a', 'b'], method: 'POST', target: '/pkg.Svc/Do', headers: [['x-a', 'b: c']], from: '::1', frontend: 'f' };
    assert.deepEqual(parsed, { ok: true, question });
  });

  for (const [words, message] of [
    [['/x'], /needs a file/], [['-f', 'a'], /needs a request/], [['-f', 'a', 'GET', '/x'], /unexpected word '\/x'/], [['-f', 'a', '/x', '-H', 'b'], /not 'name: value'/],
    [['-f', 'a', '/x', '--form', 'b'], /unknown flag '--form'/], [['-f'], /-f needs a value/],
  ] as const) it(`refuses ${words.join(' ')}`, () => {
    const parsed = parseExplain(words);
    assert.equal(parsed.ok, false);
    assert.match(parsed.ok ? '' : parsed.messages.join('\n'), message);
  });

  it('says which rules apply, and where the request goes', () => {
    assert.equal(ask(['POST /helloworld.Greeter/SayHello', '-H', 'x-colour: red', '-H', 'x-canary: 1']), `frontend clients (mode grpc, bind :8080)
  t:9: http-request deny if { grpc.service admin.Admin } !internal
      does not apply
      { grpc.service admin.Admin } is false
      !internal is true
  t:10: http-request set-header x-service %[grpc.service]
      applies
      + x-service: helloworld.Greeter
  t:11: use_backend be_%[req.hdr(x-colour)] if { req.hdr(x-colour) -m found }
      passed over: there is no 'be_red'
      { req.hdr(x-colour) -m found } is true
  t:12: use_backend greeters if { path_beg /helloworld.Greeter/ }
      chooses greeters
      { path_beg /helloworld.Greeter/ } is true
backend greeters (use_backend)
  t:15: http-request set-path /v2%[path]
      applies
      - :path: /helloworld.Greeter/SayHello
      + :path: /v2/helloworld.Greeter/SayHello
  t:16: use-server g2 if { req.hdr(x-canary) 1 }
      chooses g2
      { req.hdr(x-canary) 1 } is true
=> server greeters/g2 (use-server), while it is usable
`);
  });

  it('knows the variables of the process', () => {
    const lines = 'global\nset-var proc.a int(3),mul(4)\nset-var-fmt proc.b <%[str(x)]>\nfrontend f\nmode http\nbind :1\nhttp-request set-header x %[var(proc.a)]%[var(proc.b)]\nhttp-request deny\n';
    const { configuration } = loadConfiguration([{ path: 't', text: lines }], {});
    const parsed = parseExplain(['-f', 't', '/']);
    assert.ok(configuration && parsed.ok);
    assert.match(explainRequest(configuration, parsed.question) ?? '', /\+ x: 12<x>/);
    const wrong = loadConfiguration([{ path: 't', text: 'global\nset-var txn.a int(3)\nset-var proc.b src\n' }], {});
    assert.deepEqual(wrong.errors.map(({ message }) => message), [
      "'txn.a' cannot be set here: only variables of the process can, 'proc.a'", "'src' needs a connection, which is not there at start",
    ]);
  });

  it('ends where a rule ends the request, by the address of the client', () => {
    assert.match(ask(['POST /admin.Admin/Stop']), /=> answers with status 200 and grpc-status 7\n$/);
    assert.match(ask(['POST /admin.Admin/Stop', '--from', '10.1.1.1']), /backend others \(default_backend\)\n=> server others\/o\n$/);
    assert.match(ask(['POST /helloworld.Greeter/SayHello']), /=> one of the servers greeters\/g1, greeters\/g2, by balance roundrobin\n$/);
  });
});
