/** The words are found by codes of OpenSSL, so the codes come from handshakes that fail. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { connect, createServer, type ConnectionOptions, type TlsOptions } from 'node:tls';
import { clientFailure, serverFailure } from '../../../src/tls/failures.ts';
import { cleanUpAfterEach } from '../../support/cleanup.ts';
import { installed, run } from '../../support/programs.ts';
import { CERTIFICATES, pem } from '../../support/tls.ts';

describe('words for handshakes that failed', () => {
  const defer = cleanUpAfterEach();

  async function serve(options: TlsOptions): Promise<{ readonly port: number; readonly failure: Promise<unknown> }> {
    const server = createServer({ cert: pem('server'), key: pem('server'), ...options });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    defer(() => server.close());
    const failure = once(server, 'tlsClientError').then(([error]) => error as unknown);
    return { port: (server.address() as AddressInfo).port, failure };
  }

  async function clientSide(options: TlsOptions, asked: ConnectionOptions | string): Promise<string> {
    const { port, failure } = await serve(options);
    const socket = typeof asked === 'string' ? connectTcp(port, '127.0.0.1') : connect({ port, host: '127.0.0.1', servername: 'localhost', ca: pem('ca'), ...asked });
    socket.on('error', () => {}).resume();
    defer(() => socket.destroy());
    if (typeof asked === 'string') socket.write(asked);
    return clientFailure((await failure) as NodeJS.ErrnoException, false);
  }

  const cases: readonly (readonly [string, TlsOptions, ConnectionOptions | string])[] = [
    ["no TLS version in common: see 'ssl-min-ver' and 'ssl-max-ver'", { minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' }],
    ["no application protocol in common: see 'alpn'", { ALPNProtocols: ['h2'] }, { ALPNProtocols: ['mqtt'] }],
    ['no cipher in common that suits our certificate', { maxVersion: 'TLSv1.2' }, { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }],
    ["no signature algorithm in common: see 'sigalgs'", { sigalgs: 'ecdsa_secp256r1_sha256' }, { sigalgs: 'rsa_pss_rsae_sha256' }],
    ["no group for the key exchange in common: see 'curves'", { ecdhCurve: 'P-384' }, { ecdhCurve: 'X25519' }],
    ['the client sent an HTTP/1 request in cleartext, this port speaks TLS', {}, 'GET / HTTP/1.1\r\n\r\n'],
    ['the client does not speak TLS (HTTP/2 in cleartext?), this port does', {}, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ];
  for (const [words, options, asked] of cases) {
    it(words, async () => assert.equal(await clientSide(options, asked), words));
  }

  it('the client does not accept our certificate', async function () {
    if (!installed('openssl', 'apt-get install openssl', ['version'])) return this.skip();
    const { port, failure } = await serve({});
    const client = run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', `${CERTIFICATES}other-ca.pem`, '-verify_return_error']);
    assert.match(clientFailure((await failure) as NodeJS.ErrnoException, false), /^the client does not accept our certificate \(.*unknown ca\)$/);
    await client;
  });

  it('the server speaks none of our protocols', async () => {
    const { port } = await serve({ ALPNProtocols: ['mqtt'] });
    const socket = connect({ port, host: '127.0.0.1', ca: pem('ca'), servername: 'localhost', ALPNProtocols: ['h2'] });
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    assert.equal(serverFailure(error.code ?? ''), "the server speaks none of the protocols of 'alpn'");
  });

  it('knows TLS from other reasons of a server', () => {
    assert.equal(serverFailure('ECONNREFUSED'), null);
    assert.equal(serverFailure('ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR'), 'TLS: tlsv1 alert internal error');
    assert.equal(serverFailure('CERT_HAS_EXPIRED'), 'certificate has expired');
  });
});
