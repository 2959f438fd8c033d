/** What rules are told of TLS and of its certificates, on both sides of Pillion. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { exchangeOctets } from '../support/http1-peers.ts';
import { startPillion } from '../support/pillion.ts';
import { CERTIFICATES, pem } from '../support/tls.ts';

const PARTS = ['der', 'i_dn', 's_dn', 'key_alg', 'notafter', 'notbefore', 'serial', 'sha1', 'sig_alg', 'version'];
const BINARY = ['der', 'serial', 'sha1'];

describe('sni', () => {
  const defer = cleanUpAfterEach();

  for (const [what, expression, rules] of [
    ['another expression', 'req.hdr(x),lower', []],
    ['a variable of the rules', 'var(txn.name)', ['http-request set-var(txn.name) req.hdr(x),lower']],
    ['nothing where it is no name', 'str(10.0.0.1),lower', []],
  ] as const) {
    it(`tells the server ${what}`, async () => {
      const app = createServer({ key: pem('server'), cert: pem('server') }, (asked, response) => {
        const { servername } = asked.socket as { servername?: string | false };
        response.end(String(servername));
      });
      app.listen(0, '127.0.0.1');
      await once(app, 'listening');
      defer(() => app.close());
      const pillion = await startPillion([
        'defaults', '  mode http', '  timeout connect 2s', '  timeout client 5s', '  timeout server 5s',
        'listen app', '  bind 127.0.0.1:1', ...rules.map((rule) => `  ${rule}`),
        `  server a 127.0.0.1:${(app.address() as AddressInfo).port} ssl verify none sni ${expression}`, '',
      ].join('\n'));
      defer(() => pillion.stop());
      for (const name of ['One.test', 'two.test']) {
        const answer = await exchangeOctets(pillion.port, `GET / HTTP/1.1\r\nhost: a\r\nx: ${name}\r\nconnection: close\r\n\r\n`);
        assert.ok(answer.includes(expression.startsWith('str') ? 'false' : name.toLowerCase()), answer);
      }
    });
  }
});

describe('facts of TLS', () => {
  const defer = cleanUpAfterEach();

  async function answer(bind: string, server: string, rules: readonly string[], own: string | null): Promise<IncomingHttpHeaders> {
    const app = createServer({ key: pem('rsa'), cert: Buffer.concat([pem('rsa'), pem('ca')]), maxVersion: 'TLSv1.2' }, (_asked, response) => void response.end());
    app.listen(0, '127.0.0.1');
    await once(app, 'listening');
    defer(() => app.close());
    const pillion = await startPillion([
      'global', `  crt-base ${CERTIFICATES}`, `  ca-base ${CERTIFICATES}`, 'defaults', '  mode http', '  timeout connect 2s', '  timeout client 5s', '  timeout server 5s',
      'listen app', `  bind 127.0.0.1:1 ssl crt server.pem ${bind}`, ...rules.map((rule) => `  http-response set-header ${rule}`),
      `  server a 127.0.0.1:${(app.address() as AddressInfo).port} ssl ${server}`, '',
    ].join('\n'));
    defer(() => pillion.stop());
    const agent = new Agent({ maxCachedSessions: 0 });
    defer(() => agent.destroy());
    const client = own === null ? {} : { key: pem(own), cert: Buffer.concat([pem(own), pem('ca')]) };
    const asked = request({ port: pillion.port, host: '127.0.0.1', servername: 'localhost', ca: pem('ca'), agent, ...client });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    return response.headers;
  }

  function rulesFor(prefix: string): string[] {
    return PARTS.map((part) => `${prefix}-${part} "%[ssl_${prefix}_${part}${BINARY.includes(part) ? ',hex' : ''}]"`);
  }

  it('are those of the certificates that were shown', async () => {
    const headers = await answer('ca-file ca.pem verify required', 'verify none', [
      ...['c', 'f', 's'].flatMap(rulesFor), 'c-chain %[ssl_c_chain_der,hex]', 's-chain %[ssl_s_chain_der,hex]', 'verify %[ssl_c_verify]',
    ], 'client');
    for (const [prefix, name, keyAlgorithm] of [['c', 'client', 'id-ecPublicKey'], ['f', 'server', 'id-ecPublicKey'], ['s', 'rsa', 'rsaEncryption']] as const) {
      const x509 = new X509Certificate(pem(name));
      const seen = Object.fromEntries(PARTS.map((part) => [part, headers[`${prefix}-${part}`]]));
      const time = (date: Date): string => `${date.toISOString().slice(0, 19).replace(/[-T:]/g, '').replace(/^20/, '')}Z`;
      assert.deepEqual(seen, {
        der: x509.raw.toString('hex').toUpperCase(), i_dn: `/${x509.issuer.replaceAll('\n', '/')}`, s_dn: `/${x509.subject.replaceAll('\n', '/')}`,
        key_alg: keyAlgorithm, notafter: time(x509.validToDate), notbefore: time(x509.validFromDate), serial: x509.serialNumber,
        sha1: x509.fingerprint.replaceAll(':', ''), sig_alg: 'ecdsa-with-SHA256', version: '3',
      }, prefix);
    }
    const ca = new X509Certificate(pem('ca')).raw.toString('hex').toUpperCase();
    assert.equal(headers['c-chain'], ca);
    assert.equal(headers['s-chain'], `${String(headers['s-der'])}${ca}`);
    assert.equal(headers['verify'], '0');
  });

  it('say what is wrong with a certificate that is taken all the same', async () => {
    const strict = 'ca-file ca.pem crl-file crl.pem verify required';
    for (const [own, ignored, expected] of [
      ['client', '', '0'], ['expired', 'crt-ignore-err 10', '10'], ['revoked', 'crt-ignore-err 9,10,23', '23'], ['revoked', 'crt-ignore-err all', '23'],
    ] as const) assert.equal((await answer(`${strict} ${ignored}`, 'verify none', ['verify %[ssl_c_verify]'], own))['verify'], expected, `${own} ${ignored}`);
    for (const [own, ignored] of [['expired', ''], ['expired', 'crt-ignore-err 23'], ['revoked', 'ca-ignore-err all'], ['stranger', 'crt-ignore-err 10,23']] as const) {
      await assert.rejects(answer(`${strict} ${ignored}`, 'verify none', [], own), `${own} ${ignored}`);
    }
  });

  it('are those of the connection with the server, and nothing where there is no certificate', async () => {
    const headers = await answer('', 'verify none alpn http/1.1 ciphers ECDHE-RSA-AES128-GCM-SHA256', [
      'bc "%[ssl_bc] %[ssl_bc_protocol] %[ssl_bc_cipher] %[ssl_bc_use_keysize] %[ssl_bc_is_resumed] %[ssl_bc_alpn]"',
      'fc "%[ssl_fc] %[ssl_fc_protocol] %[ssl_fc_alg_keysize]"', 'c [%[ssl_c_der,hex]%[ssl_c_notafter]]',
    ], null);
    assert.equal(headers['bc'], '1 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 128 0 http/1.1');
    assert.match(String(headers['fc']), /^1 TLSv1\.3 (128|256)$/);
    assert.equal(headers['c'], '[]');
  });
});
