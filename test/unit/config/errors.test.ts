/** What is said of wrong lines, word by word. */
import assert from 'node:assert/strict';
import { formatDiagnostic } from '../../../src/config/diagnostics.ts';
import { loadConfiguration } from '../../../src/config/load.ts';

function said(text: string): string[] {
  const { configuration, errors, warnings, remarks } = loadConfiguration([{ path: 't.cfg', text: `${text}\n` }], {});
  assert.equal(configuration === null, errors.length > 0);
  return [...errors, ...warnings, ...remarks].map(({ severity, message, position, hint }) =>
    `${position?.line}:${position?.column}+${position?.length} ${severity}: ${message}${hint === null ? '' : ` | ${hint}`}`);
}

const CALM = 'defaults\ntimeout connect 1s\ntimeout client 1s\ntimeout server 1s\n';

function noTimeouts(column: string, section: string, name: string): string {
  return `1:${column}+1 warning: missing timeouts for ${section} '${name}' | set 'timeout client', 'timeout connect' and 'timeout server' in a `
    + 'defaults section: without them, dead peers stay forever';
}

const WRONG: readonly [text: string, ...expected: string[]][] = [
  ['backend b\nbalnce first', "2:1+6 error: unknown keyword 'balnce' in section 'backend' | did you mean 'balance'?"],
  ['global\nnbtread 1', "2:1+7 error: unknown keyword 'nbtread' in section 'global' | did you mean 'nbthread'?"],
  ['global\nbind :80', "2:1+4 error: unknown keyword 'bind' in section 'global' | 'bind' belongs to frontend, listen"],
  ['backend b\nxyzzyxyzzy', "2:1+10 error: unknown keyword 'xyzzyxyzzy' in section 'backend'"],
  ['backend b\ntimeout conect 1s', "2:9+6 error: unknown word behind 'timeout': 'conect' in section 'backend' | did you mean 'timeout connect'?"],
  ['backend b\noption tcpplog', "2:8+7 error: unknown word behind 'option': 'tcpplog' in section 'backend' | did you mean 'option tcplog'?"],
  ['fronted f\nbind :1', "1:1+7 error: unknown keyword 'fronted' out of section | did you mean 'frontend'?"],
  ['global\ndefault\nbackend b', "2:1+7 error: unknown section 'default' | did you mean 'defaults'?"],
  // Known to HAProxy.
  ['backend b\nmonitor fail if x', "2:1+7 error: 'monitor' is not supported by Pillion yet"],
  ['backend b\noption  smtpchk', "2:1+15 error: 'option smtpchk' is not supported by Pillion yet "
    + "| plain 'check' connects, 'option grpc-check' asks the gRPC health service"],
  ['backend b\noption splice-auto', "1:9+1 warning: backend 'b' has no server",
    "2:1+18 notice: 'option splice-auto' has no effect | Node.js has its own way: remove the line"],
  ['global\ntune.comp.maxlevel 5', "2:1+18 error: 'tune.comp.maxlevel' is not supported by Pillion yet "
    + "| HAProxy's tuning has no counterpart here: remove the line"],
  ['peers p\npeer a 1.2.3.4:1\nglobal\ndaemon', "1:1+5 error: section 'peers' is not supported by Pillion yet "
    + "| stick tables belong to one process here: remove the section, and 'peers' of the stick tables"],
  ['backend b\nmode log', "2:6+3 error: proxy mode 'log' is not supported by Pillion yet | supported: auto, grpc, http, tcp"],
  ['backend b\nbalance leastcon', "2:9+8 error: unknown balance algorithm 'leastcon' | did you mean 'leastconn'?"],
  ['listen l\nbind :1 ktls mss 5 proto quic', "2:9+4 error: bind keyword 'ktls' is not supported by Pillion yet",
    "2:14+3 error: bind keyword 'mss' is not supported by Pillion yet",
    "2:26+4 error: protocol 'quic' is not supported by Pillion yet | supported: h1, h2"],
  ['backend b\nserver s a:1 chek port 80 weight 300 hash-key k', "2:14+4 error: unknown server keyword 'chek' | did you mean 'check'?",
    '2:34+3 error: 300 is out of range: expected 0 to 256',
    "2:38+8 error: server keyword 'hash-key' is not supported by Pillion yet"],
  ['backend b\nserver s a:1 proto fcgi', "2:20+4 error: protocol 'fcgi' is not supported by Pillion yet | supported: h1, h2"],
  // TLS and who the client is.
  ['backend b\noption forwardfor except nowhere', "2:26+7 error: 'nowhere' is not an address or network, such as 10.0.0.0/8"],
  ['backend b\noption forwardfor header a:b', "2:26+3 error: 'a:b' is not the name of a header field"],
  ['backend b\noption forwarded for-expr src', "2:18+8 error: 'for-expr': expressions are not supported by Pillion yet | expected any of proto, host, by, by_port, for, for_port"],
  ['listen l\nbind :1 ssl', "2:1+4 error: bind :1 has 'ssl', but no certificate | add 'crt <file>'", noTimeouts('8', 'listen', 'l')],
  ['listen l\nbind :1 ssl crt a verify required', "2:1+4 error: bind :1: 'verify required' needs 'ca-file' | name the file with the certificate of who signs the clients' certificates", noTimeouts('8', 'listen', 'l')],
  ['listen l\nbind :1 ssl crt a ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2', "2:1+4 error: bind :1: no TLS version is left between 'ssl-min-ver' and 'ssl-max-ver'", noTimeouts('8', 'listen', 'l')],
  ['listen l\nbind :1 ssl crt a ssl-min-ver SSLv3', "2:31+5 error: TLS version 'SSLv3' is not supported by Pillion yet | supported: TLSv1.0, TLSv1.1, TLSv1.2, TLSv1.3"],
  ['backend b\nserver s a:1 ssl', "2:1+6 error: server 's' has 'ssl', and its certificate is to be verified, but there is no 'ca-file' "
    + "| 'ca-file <file>' names who signs it, 'ca-file @system-ca' takes the system's authorities, 'verify none' trusts whoever answers", noTimeouts('9', 'backend', 'b')],
  ['backend b\nserver s a:1 ssl verify none sni api.test', "2:34+8 error: 'api.test' is not an expression: write sni str(api.test)"],
  ['backend b\nserver s a:1 ssl verify none sni req.hdrs(x)', "2:34+8 error: 'req.hdrs' takes no arguments", noTimeouts('9', 'backend', 'b')],
  ['backend b\noption grpc-check\nserver s a:1 check send-proxy', "3:1+6 error: server 's': checks by gRPC cannot begin with a PROXY protocol header "
    + "| add 'no-check-send-proxy' if the server takes connections without, or use plain 'check' without 'option grpc-check'", noTimeouts('9', 'backend', 'b')],
  ['backend b\nserver s a:1 proxy-v2-options cert', "2:31+4 error: 'cert' is not an option of this version: ssl, cert-cn, ssl-cipher, authority, crc32c, unique-id"],
  // Gone from HAProxy.
  ['backend b\ncontimeout 5000', "2:1+10 warning: 'contimeout' is gone from HAProxy since 2.1 | today: timeout connect 5000",
    "1:9+1 warning: backend 'b' has no server"],
  // Arguments.
  ['backend b\ntimeout connect', "2:1+15 error: 'timeout connect' needs <time>, a time (us, ms, s, m, h, d; default ms)"],
  ['backend b\ntimeout connect 1x', "2:17+2 error: unknown unit 'x' in '1x': expected us, ms, s, m, h or d"],
  ['backend b\ntimeout connect 1s 2s', "2:20+2 error: 'timeout connect' takes no further argument: unexpected '2s'"],
  ['global\ndaemon yes', "2:8+3 error: 'daemon' takes no argument: unexpected 'yes'"],
  ['global\nmaxconn lots', "2:9+4 error: 'lots' is not a whole number"],
  ['backend b\nserver s', "2:1+6 error: 'server' needs <address>, host:port, host, host:+n, [IPv6]:port, unix@path, /path or abns@name"],
  ['backend b\nserver s! a:1', "2:8+2 error: '!' is not permitted in the name 's!': only letters, digits, '-', '_', '.' and ':'"],
  ['backend b\nserver s a:1 weight', "2:14+6 error: 'weight' needs <weight>, a whole number from 0 to 256"],
  ['backend b\nserver s a:1 inter 0', "2:20+1 error: '0' is too short: at least 1 ms"],
  ['backend b\nretry-on', "2:1+8 error: 'retry-on' needs a condition, such as unavailable, or none"],
  ['backend b\nretry-on 503 none', "2:14+4 error: 'none' stands alone in 'retry-on'"],
  ['backend b\nretry-on unavailabel', "2:10+11 error: 'unavailabel' is not a condition of 'retry-on' | did you mean 'unavailable'?"],
  ['backend b\nretry-on 0rtt-rejected', "2:10+13 error: '0rtt-rejected' is not supported by Pillion yet"],
  ['backend b\nretry-budget 200', '2:14+3 error: 200 is out of range: expected 0 to 100'],
  ['backend b\nretry-budget 20 min', "2:17+3 error: 'min' needs <n>, a whole number from 0 to 1000000"],
  ['listen l\nmax-connection-age 0', "2:20+1 error: '0' is too short: at least 1 ms"],
  ['listen l\nmax-connection-age 1m grace', "2:23+5 error: 'grace' needs <time>, a time (us, ms, s, m, h, d; default ms)"],
  ['backend b\nbalance random(x)', "2:9+9 error: the draws of 'random': 'x' is not a whole number"],
  ['backend b\nbalance first(2)', "2:9+8 error: 'first' takes no argument in parentheses"],
  ['backend b\noption grpc-check servce x', "2:19+6 error: unknown argument of 'option grpc-check' 'servce' | did you mean 'service'?"],
  ['backend b\noption grpc-check service', "2:19+7 error: 'service' needs the name of a gRPC service"],
  ['backend b\nserver-template w 9-3 a:1', "2:19+3 error: the range '9-3' is empty: its end lies before its start"],
  ['backend b\nserver-template w 0 a:1', "2:19+1 error: '0': 0 is out of range: expected 1 to 10000"],
  ['backend b\nserver-template w 3 /a', "2:1+15 error: 'server-template' needs a host name to resolve"],
  ['backend b\nserver-template w 3 _grpc._tcp.a:1', '2:1+15 error: SRV records are not supported by Pillion yet'],
  ['global\nlog stdout', "2:1+3 error: 'log' needs a facility: kern, user, mail, daemon, auth, syslog, lpr, news, uucp, cron, auth2, ftp, ntp, "
    + 'audit, alert, cron2, local0, local1, local2, local3, local4, local5, local6, local7'],
  ['global\nlog stdout locl0', "2:12+5 error: unknown log facility 'locl0' | did you mean 'local0'?"],
  ['global\nlog stdout local0 infoo', "2:19+5 error: unknown log level 'infoo' | did you mean 'info'?"],
  ['global\nlog stdout format short local0', "2:19+5 error: log format 'short' is not supported by Pillion yet | supported: raw"],
  ['global\nlog 1.2.3.4 format raw local0', "2:20+3 error: log format 'raw' is not supported by Pillion yet | supported: local"],
  ['global\nlog stdout len 30 local0', "2:16+2 error: 30 is out of range: expected 80 to 65535"],
  ['global\nlog stdout local0 info er', "2:24+2 error: unknown log level 'er' | did you mean 'err'?"],
  ['global\nlog stdout local0 info err foo', "2:28+3 error: 'log' takes no further argument: unexpected 'foo'"],
  ['global\nlog /dev/log local0', "2:5+8 error: logging to '/dev/log' is not supported by Pillion yet: "
    + 'there are stdout, stderr, fd@N and syslog over UDP'],
  ['global\nlog stdout sample 1:2 local0', "2:12+6 error: 'sample' of 'log' is not supported by Pillion yet"],
  ['global\nlog global', "2:1+3 error: 'log' needs a facility: kern, user, mail, daemon, auth, syslog, lpr, news, uucp, cron, auth2, ftp, ntp, "
    + 'audit, alert, cron2, local0, local1, local2, local3, local4, local5, local6, local7'],
  ['global\notlp collector:4317', "2:6+14 error: 'collector:4317' is not a collector's URL: expected grpc://host:4317 or http://host:4318/v1/traces"],
  ['global\nadmin :1,:2', "2:7+5 error: ':1,:2' is more than one address"],
  ['frontend f\nno timeout client', "2:4+14 error: 'timeout client' cannot be preceded by 'no'"],
  ['frontend f\nno', "2:1+2 error: 'no' needs the directive that it undoes"],
  ['frontend f\ndefault option httplog', "2:9+14 error: 'option httplog' cannot be preceded by 'default'"],
  ['frontend f\noption httplog clf', "2:16+3 error: 'clf' of 'option httplog' is not supported by Pillion yet | lines are JSON: leave it out"],
  // Sections and names.
  ['frontend', "1:1+8 error: 'frontend' needs a name"],
  ['frontend f :80', "1:12+3 error: unexpected ':80' behind the name of the section | addresses are given by 'bind'; only 'from <defaults>' may follow"],
  ['global x', "1:8+1 error: 'global' takes no argument: unexpected 'x'"],
  ['backend b!', "1:9+2 error: '!' is not permitted in the name 'b!': only letters, digits, '-', '_', '.' and ':'"],
  ['defaults base\nbackend b from bas', "2:16+3 error: there is no defaults section named 'bas' above | did you mean 'base'?"],
  ['defaults a\ndefaults a', "2:10+1 error: defaults 'a' exists already, at t.cfg:1"],
  [`${CALM}backend b\nserver s a:1\nbackend b\nserver s a:1`, "7:9+1 error: backend 'b': the backend at t.cfg:5 has this name already"],
  [`${CALM}listen b\nbind :1\nserver s a:1\nbackend b\nserver s a:1`, "8:9+1 error: backend 'b': the listen at t.cfg:5 has this name already"],
  [`${CALM}backend b\nserver s a:1\nserver s a:2`, "7:1+6 error: server 's' of 'b' exists already, at line 6"],
  [`${CALM}frontend f\nbind :1\ndefault_backend gretter\nbackend greeter\nserver s a:1`,
    "7:17+7 error: there is no backend named 'gretter' | did you mean 'greeter'?"],
  [`${CALM}backend b\nserver s a:+1 check`, "6:1+6 error: server 's' of 'b' has 'check', but no port that could be checked "
    + "| give the server a port of its own, or add 'port' for the check"],
  [`${CALM}backend b\nserver-template s 3 *:1`, "6:1+15 error: 'server-template' needs a host name to resolve"],
  ['frontend f\ndefault_backend %[src]', '2:17+6 error: a backend chosen by an expression is not supported by Pillion yet'],
];

const SUSPICIOUS: readonly [text: string, ...expected: string[]][] = [
  ['listen l\nbind :1\nserver s a:1', "1:8+1 warning: missing timeouts for listen 'l' | set 'timeout client', 'timeout connect' and "
    + "'timeout server' in a defaults section: without them, dead peers stay forever"],
  [`${CALM}frontend f\ndefault_backend b\nbackend b\nserver s a:1`, "5:10+1 warning: frontend 'f' has no 'bind': it listens nowhere"],
  [`${CALM}frontend f\nbind :1`, "5:10+1 warning: frontend 'f' has no 'default_backend': nothing that it accepts can go anywhere"],
  [`${CALM}backend b`, "5:9+1 warning: backend 'b' has no server"],
  [`${CALM}backend b\noption grpc-check\nserver s a:1`, "6:1+17 warning: 'option grpc-check' has no effect: no server of 'b' has 'check' "
    + "| add 'check' to the servers, or 'default-server check' above them"],
  [`${CALM}frontend f\nbind :1\nbalance first\ndefault_backend b\nbackend b\nserver s a:1`,
    "7:1+7 warning: 'balance' is of no use in section 'frontend': ignored | it belongs to defaults, listen, backend"],
];

describe('wrong configurations', () => {
  for (const [text, ...expected] of [...WRONG, ...SUSPICIOUS]) {
    it(JSON.stringify(text.replace(CALM, '')), () => assert.deepEqual(said(text), expected));
  }

  it('say once what many proxies inherit', () => {
    const errors = said('defaults\ndefault_backend none\nfrontend a\nfrontend b').filter((line) => line.includes('error'));
    assert.deepEqual(errors, ["2:17+4 error: there is no backend named 'none'"]);
  });

  it('collect all errors, bounded', () => {
    assert.equal(said('backend b\nfoo\nbar\n"\nserver s').length, 4);
    const { errors } = loadConfiguration([{ path: 't', text: `backend b\n${'foo\n'.repeat(1000)}` }], {});
    assert.equal(errors.length, 201);
    assert.match(errors.at(-1)?.message ?? '', /more than 200 errors/);
  });
});

describe('modes of frontends and backends', () => {
  const fits: Readonly<Record<string, readonly string[]>> = {
    auto: ['auto'], tcp: ['auto', 'tcp'], grpc: ['auto', 'grpc', 'http'], http: ['auto', 'grpc', 'http'],
  };
  for (const front of ['auto', 'grpc', 'http', 'tcp']) {
    for (const back of ['auto', 'grpc', 'http', 'tcp']) {
      const fine = fits[front]?.includes(back) ?? false;
      it(`${front} ${fine ? 'uses' : 'refuses'} ${back}`, () => {
        const text = `${CALM}frontend f\nmode ${front}\nbind :1${front === 'tcp' ? '' : ' proto h2'}\ndefault_backend b\nbackend b\nmode ${back}\nserver s a:1${back === 'tcp' ? '' : ' proto h2'}`;
        const lines = said(text);
        assert.equal(lines.length, fine ? 0 : 1);
        if (!fine) assert.match(lines[0] ?? '', new RegExp(`^8:17\\+1 error: ${front} frontend 'f' cannot use ${back} backend 'b' \\(t.cfg:9\\)`));
      });
    }
  }

  it('a server of mode http needs proto h2 to be used in mode grpc', () => {
    const backend = `${CALM}backend b\nmode http\nserver s a:1\nserver t a:2 proto h2\n`;
    assert.deepEqual(said(`${backend}frontend f\nmode http\nbind :1\ndefault_backend b`), []);
    assert.deepEqual(said(`${backend}frontend f\nmode grpc\nbind :1\ndefault_backend b`), [
      "7:1+6 error: server 's' speaks HTTP/1 in mode http, which gRPC cannot use "
      + "| add 'proto h2' if the server speaks HTTP/2, or use 'mode grpc' here, too",
    ]);
  });
});

describe('proto h2 in mode tcp', () => {
  it('is refused on bind and server', () => {
    assert.deepEqual(said(`${CALM}listen l\nbind :1 proto h2\nserver s a:1 proto h2`), [
      "6:1+4 error: 'proto h2' of bind :1 cannot be used in mode tcp ('l') | use mode auto or grpc, or leave 'proto' out",
      "7:1+6 error: 'proto h2' of server 's' cannot be used in mode tcp ('l') | use mode auto or grpc, or leave 'proto' out",
    ]);
  });
});

describe('proto h1 in mode grpc', () => {
  it('is refused on bind and server', () => {
    assert.deepEqual(said(`${CALM}listen l\nmode grpc\nbind :1 proto h1\nserver s a:1 proto h1`), [
      "7:1+4 error: 'proto h1' of bind :1 cannot be used in mode grpc ('l') | use mode auto or http, or leave 'proto' out",
      "8:1+6 error: 'proto h1' of server 's' cannot be used in mode grpc ('l') | use mode auto or http, or leave 'proto' out",
    ]);
  });
});

describe('a diagnostic as text', () => {
  const shown = (text: string): string => {
    const [first] = loadConfiguration([{ path: 'dir/t.cfg', text }], {}).errors;
    assert.ok(first !== undefined);
    return formatDiagnostic(first);
  };

  it('has the place, the line, a caret and the hint', () => {
    assert.equal(shown('backend b\n\tbalance leastcon # x\n'), [
      "dir/t.cfg:2:10: error: unknown balance algorithm 'leastcon'",
      '  \tbalance leastcon # x',
      '  \t        ^^^^^^^^',
      "  hint: did you mean 'leastconn'?",
    ].join('\n'));
  });

  it('shows a window of a long line, and no control characters', () => {
    const text = shown(`backend b\nserver ${'n'.repeat(500)} \x1b[31m:1 x\n`);
    const [, line = '', caret = ''] = text.split('\n');
    assert.ok(line.length <= 162);
    assert.equal(line.slice(caret.indexOf('^'), caret.indexOf('^') + 4), '?[31');
    assert.ok(!text.includes('\x1b'));
  });
});
