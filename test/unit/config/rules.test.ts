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
    ['frontend f\nbind :1\ndefault_backend b\nbackend b\nserver s1 a:1\nuse-server s2 if TRUE\n', ["6:12 error: there is no server named 's2' | did you mean 's1'?"]],
    ['frontend f\nbind :1\nacl path /\n', ["3:10 error: ACL criterion '/': a sample fetch is missing"]],
    ['backend b\nserver s a:1\nuse_backend c\n', ["3:1 error: 'use_backend' is of no use in section 'backend' | it belongs to frontend, listen"]],
    ['frontend f\nmode tcp\nbind :1\nuse_backend b if { path_beg /x }\nbackend b\nmode tcp\nserver s a:1\n',
      ["4:1 warning: 'path_beg' is never true in mode tcp ('f'): it needs an HTTP request | mode http, grpc and auto look at requests"]],
    ['frontend f\nmode tcp\nbind :1\nhttp-request deny\ndefault_backend b\nbackend b\nmode tcp\nserver s a:1\n', ["4:1 warning: rules of HTTP are ignored in mode tcp ('f') | use mode http, grpc or auto"]],
    ['frontend f\nbind :1\nlog-format "%[status] %xx"\nhttp-request deny\n', ["3:23 error: unknown variable '%xx'"]],
    ['defaults\nhttp-request deny\n', ["2:1 error: 'http-request' is of no use in section 'defaults' | it belongs to frontend, listen, backend"]],
  ] as const) {
    it(text.split('\n').slice(1, -1).join(' / '), () => assert.deepEqual(told(text).map((line) => line.replace(/ \| write %%.*| \| did you mean '%.*/, '')), expected));
  }

  it('frontends of mode http may use each backend that use_backend names only in a fitting mode', () => {
    assert.match(told('frontend f\nbind :1\nuse_backend b if TRUE\ndefault_backend c\nbackend b\nmode tcp\nserver s a:1\nbackend c\nserver s a:1\n').join(), /cannot use tcp backend 'b'/);
  });
});
