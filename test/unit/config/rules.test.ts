/** Rules in configurations: names are checked once all proxies are known, and what can have no effect is told of. */
import assert from 'node:assert/strict';
import { loadConfiguration } from '../../../src/config/load.ts';

const HEAD = 'defaults\nmode http\ntimeout client 1\ntimeout connect 1\ntimeout server 1\n';

function told(text: string): string[] {
  const { errors, warnings } = loadConfiguration([{ path: 't', text: `${HEAD}${text}` }], {});
  return [...errors, ...warnings].map(({ severity, message, hint, position }) =>
    `${(position?.line ?? 0) - 5}:${position?.column ?? 0} ${severity}: ${message}${hint === null ? '' : ` | ${hint}`}`);
}

describe('rules in a configuration', () => {
  for (const [text, expected] of [
    ['frontend f\nbind :1\nuse_backend b if TRUE\nbackend b\nserver s a:1\n', []],
    ['frontend f\nbind :1\nuse_backend bb if TRUE\nbackend b\nserver s a:1\n', ["3:13 error: there is no backend named 'bb' | did you mean 'b'?"]],
    ['frontend f\nbind :1\nuse_backend %[path] if TRUE\nbackend b\nserver s a:1\n', []],
    ['frontend f\nbind :1\nacl x path /\nuse_backend b\nbackend b\nserver s a:1\n', ["3:5 warning: acl 'x' of 'f' is not used by any rule"]],
    ['frontend f\nbind :1\nuse_backend b if { nbsrv(c) 1 }\nbackend b\nserver s a:1\n', ["3:20 error: there is no backend named 'c' | did you mean 'b'?"]],
    ['frontend f\nbind :1\nuse_backend b if { srv_is_up(b/x) }\nbackend b\nserver s a:1\n', ["3:20 error: there is no server named 'x' | did you mean 's'?"]],
    ['frontend f\nbind :1\nhttp-request deny errorfiles site\nhttp-errors sites\n', ["3:30 error: there is no section 'http-errors site' | did you mean 'sites'?"]],
    ['frontend f\nbind :1\nhttp-request deny errorfiles site\nhttp-errors site\nerrorfile 404 /dev/null\n', ["3:30 error: section 'http-errors site' has no errorfile 403"]],
    ['frontend f\nbind :1\ndefault_backend b\nbackend b\nserver s1 a:1\nuse-server s2 if TRUE\n', ["6:12 error: there is no server named 's2' | did you mean 's1'?"]],
    ['frontend f\nbind :1\nacl path /\n', ["3:10 error: ACL criterion '/': a sample fetch is missing"]],
    ['backend b\nserver s a:1\nuse_backend c\n', ["3:1 error: 'use_backend' is of no use in section 'backend' | it belongs to frontend, listen"]],
    ['frontend f\nmode tcp\nbind :1\nuse_backend b if { path_beg /x }\nbackend b\nmode tcp\nserver s a:1\n',
      ["4:1 warning: 'path_beg' is never true in mode tcp ('f'): it needs an HTTP request | mode http, grpc and auto look at requests"]],
    ['frontend f\nmode tcp\nbind :1\nhttp-request deny\ndefault_backend b\nbackend b\nmode tcp\nserver s a:1\n', ["4:1 warning: rules of HTTP are ignored in mode tcp ('f') | use mode http, grpc or auto"]],
    ['frontend f\nbind :1\nlog-format "%[status] %xx"\nhttp-request deny\n', ["3:23 error: unknown variable '%xx'"]],
    ['defaults\nhttp-request deny\n', ["2:1 error: 'http-request' needs a 'defaults' section that has a name | write 'defaults <name>'"]],
  ] as const) {
    it(text.split('\n').slice(1, -1).join(' / '), () => assert.deepEqual(told(text).map((line) => line.replace(/ \| write %%.*| \| did you mean '%.*/, '')), expected));
  }

  for (const [text, expected] of [
    ['defaults d\nhttp-request deny\ndefaults e from d\n', ["8:10 error: a defaults section with rules cannot serve a 'defaults' section | rules there are for 'frontend' or for 'backend' sections"]],
    ['defaults d\nhttp-request deny\nlisten l from d\n', ["8:8 error: a defaults section with rules cannot serve a 'listen' section | rules there are for 'frontend' or for 'backend' sections"]],
    ['defaults d\nhttp-request deny\nfrontend f from d\nbackend b from d\n', ["9:9 error: a defaults section with rules cannot serve both 'frontend' and 'backend' sections | it serves a 'frontend' above"]],
    ['defaults d\ntcp-request connection reject\nbackend b from d\n', ["7:1 error: 'tcp-request connection' is of no use in section 'backend' | it belongs to defaults, frontend, listen"]],
    ['defaults d\nhttp-request deny if { srv_is_up(s) }\nbackend b from d\nserver s a:1\n', ["7:24 error: 'srv_is_up' needs the server's backend in a defaults section: <backend>/<server> | srv_is_up(backend/server): Whether the server takes streams."]],
  ] as const) it(text.split('\n').slice(0, -1).join(' / '), () => {
    const { errors } = loadConfiguration([{ path: 't', text: `defaults\nmode http\ntimeout client 1\ntimeout connect 1\ntimeout server 1\n${text}` }], {});
    assert.deepEqual(errors.map(({ message, hint, position }) => `${position?.line}:${position?.column} error: ${message}${hint === null ? '' : ` | ${hint}`}`), expected);
  });

  it('of named defaults come in front of those of each proxy that begins with them', () => {
    const times = 'mode http\ntimeout client 1\ntimeout connect 1\ntimeout server 1\n';
    const { configuration, errors, warnings } = loadConfiguration([{ path: 't', text: `defaults common\n${times}defaults front from common\nacl known path /\nhttp-request capture path len 9\n`
      + 'http-request deny if known\ntcp-request session accept\nfrontend f from front\nbind :1\ndeclare capture request len 5\nhttp-request capture src id 1\nhttp-request allow\ndefault_backend b\n'
      + 'frontend g from front\nbind :2\ndefault_backend b\ndefaults plain from common\nbackend b\nserver s a:1\n' }], {});
    assert.deepEqual([...errors, ...warnings].map(({ message }) => message), []);
    const [f, g] = (configuration?.frontends ?? []).map(({ rules }) => rules);
    assert.deepEqual(f?.httpRequest.map((rule) => rule.text), ['http-request capture path len 9', 'http-request deny', 'http-request capture src id 1', 'http-request allow']);
    assert.deepEqual(g?.httpRequest.map((rule) => rule.text), ['http-request capture path len 9', 'http-request deny']);
    assert.deepEqual([f?.tcpSession.length, f?.captures.request.length, g?.captures.request.length], [1, 2, 1]);
    assert.equal(configuration?.backends[0]?.rules, null);
  });

  it('frontends of mode http may use each backend that use_backend names only in a fitting mode', () => {
    assert.match(told('frontend f\nbind :1\nuse_backend b if TRUE\ndefault_backend c\nbackend b\nmode tcp\nserver s a:1\nbackend c\nserver s a:1\n').join(), /cannot use tcp backend 'b'/);
  });
});
