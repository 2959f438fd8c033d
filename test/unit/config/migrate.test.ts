/** `pillion migrate`: today's words, with everything else as it was. */
import assert from 'node:assert/strict';
import { migrate } from '../../../src/config/migrate.ts';

const lines: readonly [section: string, before: string, after: string][] = [
  ['global', '  nbproc 8 # cores', "  # 'nbproc' is gone from HAProxy since 2.5: remove the line: Pillion is one process; for more cores, 'nbthread' or more pods\n  # nbproc 8 # cores"],
  ['global', '\tmaxconn  100\t# kept', '\tmaxconn  100\t# kept'],
  ['defaults', '    contimeout\t5000   # ms', '    timeout connect\t5000   # ms'],
  ['defaults', '    srvtimeout "${T}"', '    timeout server "${T}"'],
  ['defaults', '  redispatch', '  option redispatch'],
  ['defaults', '  no option  forceclose', '  no option httpclose'],
  ['backend b', 'option http-tunnel', "# 'option http-tunnel' is gone from HAProxy since 2.1: remove the line: a connection becomes a tunnel when both sides agree to it by Upgrade "
    + 'or CONNECT\n# option http-tunnel'],
  ['backend b', '  dispatch 10.0.0.1:80', '  server dispatch 10.0.0.1:80 backup no-check'],
  ['backend b', '  option transparent', '  server transparent * backup no-check'],
  ['frontend f', '  block if bad # why', '  http-request deny if bad # why'],
  ['frontend f', '  mode health', '  mode http\n  http-request return status 200'],
  ['frontend f', '  monitor-net 10.0.0.0/8', '  http-request return status 200 if { src 10.0.0.0/8 }'],
  ['frontend f', String.raw`  reqadd X-Proto:\ https if tls`, '  http-request add-header X-Proto https if tls'],
  ['frontend f', String.raw`  rspadd "X-A: b c"`, "  http-response add-header X-A 'b c'"],
  ['frontend f', '  reqdel ^X-Forwarded-For:.*', '  http-request del-header X-Forwarded-For'],
  ['frontend f', '  rspidel ^Server', '  http-response del-header Server'],
  ['frontend f', String.raw`  reqrep ^Host:\ (.*) Host:\ x.\1`, String.raw`  http-request replace-header Host (.*) x.\1`],
  ['frontend f', String.raw`  reqrep ^([^\ :]*)\ /old/(.*) \1\ /new/\2`, String.raw`  http-request replace-pathq ^/old/(.*) /new/\1`],
  ['frontend f', String.raw`  rspirep ^Location:\ http://(.*) Location:\ https://\1`, String.raw`  http-response replace-header Location (?i:http://(.*)) https://\1`],
  ['frontend f', String.raw`  reqideny ^User-Agent:\ evil if { src 1.1.1.1 }`, '  http-request deny if { req.hdr(User-Agent) -m reg -i evil } { src 1.1.1.1 }'],
  ['frontend f', String.raw`  reqsetbe ^Host:\ img be2`, '  use_backend be2 if { req.hdr(Host) -m reg img }'],
  ['frontend f', '  reqrep a b c', "  # 'reqrep' is gone from HAProxy since 2.1: the pattern matches neither one header by its name ('^Name:') nor the request line: write the rule by hand\n"
    + '  # reqrep a b c'],
  ['frontend f', '  reqadd "X-A: $B"', "  # 'reqadd' is gone from HAProxy since 2.1: today 'http-request add-header'\n  # reqadd \"X-A: $B\""],
  ['listen l', '  stats uri/admin?stats', '  stats uri /admin?stats'],
  ['listen l', '  mode tcp', "  # gRPC: 'mode grpc' balances each call; 'mode auto' does, and passes what is not HTTP/2 as raw TCP. In 'mode tcp' a client's calls all go to one server.\n  mode tcp"],
  ['listen l', '  bind :1 # unclosed "quote', '  bind :1 # unclosed "quote'],
  ['listen l', '  bind "unclosed', '  bind "unclosed'],
  ['peers p', '  block a', '  block a'],
];

describe('migrate', () => {
  for (const [section, before, after] of lines) {
    it(before, () => {
      const head = `# a comment\n\n${section}\n`;
      const advised = section === 'global' ? `${head}    # gRPC: 'grace 5s' and 'hard-stop-after 25s' let running calls finish when the process is told to stop.\n` : head;
      assert.equal(migrate({ path: 't', text: `${head}${before}\n# end\n` }), `${advised}${after}\n# end\n`);
    });
  }

  it('keeps CRLF, a byte order mark, and a last line without line feed', () => {
    assert.equal(migrate({ path: 't', text: '\uFEFFdefaults\r\n  contimeout 1\r\n\r\n# x' }), '\uFEFFdefaults\r\n  timeout connect 1\r\n\r\n# x');
  });

  it('is done after once', () => {
    const text = 'global\n  nbproc 2\ndefaults\n  contimeout 1\nlisten a\n  balance roundrobin\n  mode tcp\n';
    const once = migrate({ path: 't', text });
    assert.equal(migrate({ path: 't', text: once }).replaceAll(/^ +# gRPC.*\n/gm, ''), once.replaceAll(/^ +# gRPC.*\n/gm, ''));
  });
});
