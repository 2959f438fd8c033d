/** Sections beside proxies, sockets, identity, paths: what they compile to. */
import assert from 'node:assert/strict';
import { loadConfiguration } from '../../../src/config/load.ts';
import { pathBy } from '../../../src/config/tables/environment.ts';
import type { Configuration } from '../../../src/config/model.ts';

const CALM = 'defaults\ntimeout connect 1s\ntimeout client 1s\ntimeout server 1s\n';

function load(text: string): Configuration {
  const { configuration, errors, warnings } = loadConfiguration([{ path: '/etc/pillion/p.cfg', text: `${text}\n` }], {});
  assert.deepEqual([...errors, ...warnings].map(({ message }) => message), []);
  assert.ok(configuration);
  return configuration;
}

describe('sections beside proxies', () => {
  it('resolvers', () => {
    const { resolvers, backends } = load(`${CALM}resolvers dns
      nameserver a 10.0.0.53
      nameserver b 10.0.0.54:5353
      nameserver c [::1]:53
      nameserver d fd00::1:54
      nameserver e udp@10.0.0.55:53
      resolve_retries 2
      timeout resolve 2s
      timeout retry 500ms
      hold valid 5s
      hold nx 30s
      accepted_payload_size 8192
resolvers system
      parse-resolv-conf
      hold valid 100ms
listen l
      bind :1
      server-template a- 3 web:80 resolvers dns init-addr none
      server-template b- 3 web:80 resolvers system resolve-prefer ipv6
      server c web:80 resolvers default`);
    assert.deepEqual([...resolvers], [
      ['dns', {
        nameservers: [{ host: '10.0.0.53', port: 53 }, { host: '10.0.0.54', port: 5353 }, { host: '::1', port: 53 }, { host: 'fd00::1', port: 54 }, { host: '10.0.0.55', port: 53 }],
        system: false, tries: 2, timeoutMs: 500, resolveMs: 2000, holdValidMs: 5000,
      }],
      ['system', { nameservers: [], system: true, tries: 3, timeoutMs: 1000, resolveMs: 1000, holdValidMs: 100 }],
    ]);
    assert.deepEqual(backends[0]?.servers.map((server) => [server.resolvers, server.initLibc, server.preferIpv6]), [
      ['dns', false, false], ['system', true, true], ['default', true, false],
    ]);
  });

  it('userlist: groups name users, and users name groups', () => {
    const { userlists } = load(`userlist staff
      group ops users ann
      group dev
      user ann insecure-password "a b"
      user bob password $6$salt$hash groups dev,ops`);
    assert.deepEqual([...userlists.get('staff')?.users ?? []].map(([name, { password, hashed, groups }]) => [name, password, hashed, [...groups]]), [
      ['ann', 'a b', false, ['ops']], ['bob', '$6$salt$hash', true, ['dev', 'ops']],
    ]);
  });

  it('http-errors, with paths by default-path', () => {
    const { httpErrors } = load(`http-errors one
      errorfile 503 /tmp/503.http
      errorfile 404 404.http
global
      default-path config
http-errors two
      errorfile 404 errors/404.http
global
      default-path parent
http-errors three
      errorfile 404 404.http
global
      default-path origin /srv
http-errors four
      errorfile 404 404.http`);
    assert.deepEqual([...httpErrors].map(([name, files]) => [name, [...files]]), [
      ['one', [[503, '/tmp/503.http'], [404, '404.http']]], ['two', [[404, '/etc/pillion/errors/404.http']]], ['three', [[404, '/etc/404.http']]],
      ['four', [[404, '/srv/404.http']]],
    ]);
    const position = { file: 'p.cfg', line: 1, column: 1, length: 1, source: '' };
    assert.equal(pathBy({ kind: 'config' }, position, 'a'), 'a');
  });
});

describe('identity and sockets', () => {
  it('global may come twice', () => {
    const { global } = load('global\nnode edge-1\nuser web\nglobal\ndescription  the edge of eu-1\ngid 5');
    assert.deepEqual([global.node, global.description, global.user, global.group], ['edge-1', 'the edge of eu-1', 'web', 5]);
  });

  it('sockets: unix-bind, and what a bind says of itself', () => {
    const { frontends } = load(`global\nunix-bind prefix /run mode 660 group web\n${CALM}listen l
      bind /a.sock
      bind /b.sock mode 0600 uid 5 gid 6 name second backlog 7
      bind stream+ipv6@[::]:2 v6only
      bind stream+fd@3
      server s a:1`);
    assert.deepEqual(frontends[0]?.binds.map(({ address, socketFile, name, backlog, v6only }) => [address, socketFile, name, backlog, v6only]), [
      [{ kind: 'unix', path: '/run/a.sock' }, { mode: 0o660, user: null, group: 'web' }, null, null, false],
      [{ kind: 'unix', path: '/run/b.sock' }, { mode: 0o600, user: 5, group: 6 }, 'second', 7, false],
      [{ kind: 'tcp', host: '::', port: 2 }, null, null, null, true],
      [{ kind: 'fd', fd: 3 }, null, null, null, false],
    ]);
  });

  it('a disabled proxy listens nowhere, and its servers are in maintenance', () => {
    const { frontends, backends } = load(`${CALM}disabled\nlisten l\nbind :1\nserver s a:1\nlisten m\nenabled\nbind :2\nserver s a:1`);
    assert.deepEqual(frontends.map(({ binds }) => binds.length), [0, 1]);
    assert.deepEqual(backends.map(({ servers }) => servers[0]?.disabled), [true, false]);
  });

  it('localpeer is the variable of the lines that follow', () => {
    assert.equal(load('global\nlocalpeer edge-1\ndescription "$HAPROXY_LOCALPEER"').global.description, 'edge-1');
  });

  it('default NAME goes back to what holds without any line', () => {
    const { frontends } = load(`${CALM}option dontlognull\nlisten l\nbind :1\nserver s a:1\ndefault option dontlognull`);
    assert.equal(frontends[0]?.dontLogNull, false);
  });
});
