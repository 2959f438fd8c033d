import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough, Duplex } from 'node:stream';
import { connect, type ConnectionOptions } from 'node:tls';
import { MAX_CLIENT_HELLO, readClientHello } from '../../../src/detect/client-hello.ts';
import { detect } from '../../../src/detect/detect.ts';

describe('detect/client-hello', () => {
  it('reads name and protocols of a real client, and asks for more before it is whole', async () => {
    const hello = await clientHello({ servername: 'Greeter.Example.org', ALPNProtocols: ['h2', 'http/1.1'] });
    assert.deepEqual(readClientHello(hello), { sni: 'greeter.example.org', alpn: ['h2', 'http/1.1'] });
    assert.equal(detect(hello), 'tls');
    for (let end = 0; end < hello.length; end++) assert.equal(readClientHello(hello.subarray(0, end)), 'more', `at ${end}`);
    const followed = Buffer.concat([hello, Buffer.from('what comes after')]);
    assert.deepEqual(readClientHello(followed), readClientHello(hello));
  });

  it('reads a client without name and protocols, and a TLS 1.2 client', async () => {
    assert.deepEqual(readClientHello(await clientHello({})), { sni: null, alpn: [] });
    const old = await clientHello({ maxVersion: 'TLSv1.2', servername: 'old.example.org' });
    assert.deepEqual(readClientHello(old), { sni: 'old.example.org', alpn: [] });
  });

  it('puts a hello together that spans records of any size', async () => {
    const hello = await clientHello({ servername: 'split.example.org', ALPNProtocols: ['h2'] });
    for (const size of [1, 3, 100]) {
      const split = inRecords(hello.subarray(5), size);
      assert.deepEqual(readClientHello(split), { sni: 'split.example.org', alpn: ['h2'] });
      assert.equal(readClientHello(split.subarray(0, -1)), 'more');
    }
  });

  it('takes a hello without extensions', () => {
    assert.deepEqual(readClientHello(record(message(bare()))), { sni: null, alpn: [] });
  });

  it('refuses what is no ClientHello', () => {
    assert.equal(readClientHello(Buffer.from('GET / HTTP/1.1\r\n')), 'invalid');
    assert.equal(readClientHello(Buffer.from([22, 2])), 'invalid');
    assert.equal(readClientHello(Buffer.from([22, 3, 1, 0, 0])), 'invalid');
    assert.equal(readClientHello(Buffer.from([22, 3, 1, 0x40, 1])), 'invalid');
    assert.equal(readClientHello(record(Buffer.from([2, 0, 0, 1]))), 'invalid');
  });

  it('refuses lengths that lie', () => {
    assert.equal(readClientHello(record(message(Buffer.concat([bare(), Buffer.from([0, 9, 0])])))), 'invalid');
    assert.equal(readClientHello(record(message(Buffer.concat([bare(), Buffer.from([0, 0, 0])])))), 'invalid');
    assert.equal(readClientHello(record(message(bare().subarray(0, -1)))), 'invalid');
  });

  it('refuses a hello above the limit as soon as it says so', () => {
    const size = MAX_CLIENT_HELLO + 1;
    assert.equal(readClientHello(record(Buffer.from([1, 0, size >> 8, size & 255]))), 'invalid');
    assert.equal(readClientHello(record(Buffer.from([1, 0, MAX_CLIENT_HELLO >> 8, MAX_CLIENT_HELLO & 255]))), 'more');
  });

  it('never throws on damaged hellos', async () => {
    const hello = await clientHello({ servername: 'fuzz.example.org', ALPNProtocols: ['h2'] });
    for (let at = 0; at < hello.length; at++) {
      for (const octet of [0, 1, 0x7f, 0xff]) {
        const damaged = Buffer.from(hello);
        damaged[at] = octet;
        readClientHello(damaged);
      }
    }
  });
});

/** The first octets that Node's TLS client sends. */
async function clientHello(options: ConnectionOptions): Promise<Buffer> {
  const sent = new PassThrough();
  const received = new PassThrough();
  const socket = connect({ ...options, socket: Duplex.from({ writable: sent, readable: received }) });
  socket.on('error', () => {});
  await once(sent, 'readable');
  const hello = sent.read() as Buffer;
  socket.destroy();
  return hello;
}

/** Version, random, no session, one cipher suite, no compression. */
function bare(): Buffer {
  return Buffer.concat([Buffer.from([3, 3]), Buffer.alloc(32), Buffer.from([0, 0, 2, 0x13, 1, 1, 0])]);
}

function message(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([1, 0, body.length >> 8, body.length & 255]), body]);
}

function record(fragment: Buffer): Buffer {
  return Buffer.concat([Buffer.from([22, 3, 1, fragment.length >> 8, fragment.length & 255]), fragment]);
}

function inRecords(handshake: Buffer, size: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 0; at < handshake.length; at += size) records.push(record(handshake.subarray(at, at + size)));
  return Buffer.concat(records);
}
