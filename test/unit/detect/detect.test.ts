import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { beginsRequest, detect, type Verdict } from '../../../src/detect/detect.ts';

const SAMPLES: readonly (readonly [string, Verdict])[] = [
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'h2'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'h2'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\0', 'raw'],
  ['PRI * HTTP/1.1\r\n', 'h1'],
  ['PRINT / HTTP/1.1\r\n', 'h1'],
  ['PRI\0', 'raw'],
  ['GET / HTTP/1.1\n', 'h1'],
  ['GET / HTTP/1.1', 'more'],
  ['GET / HTTP/1.x\r\n', 'raw'],
  ['GET / HTTP/2.0\r\n', 'raw'],
  ['GET /key\r\n', 'raw'],
  ['GET /\r\n', 'raw'],
  ['OPTIONS * RTSP/1.0\r\n', 'raw'],
  ['P', 'more'],
  ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'h1'],
  ['GET http://example.org/ HTTP/1.1\r\n', 'h1'],
  ['GET HTTPS://example.org/ HTTP/1.1\r\n', 'h1'],
  ['OPTIONS * HTTP/1.1\r\n', 'h1'],
  ['CONNECT example.org:443 HTTP/1.1\r\n', 'h1'],
  ['CONNECT [::1]:443 HTTP/1.1\r\n', 'h1'],
  ['CONNECT  x', 'raw'],
  ['UPDATEREDIRECTREF /a HTTP/1.1\r\n', 'h1'],
  ['VERSION-CONTROL /a HTTP/1.1\r\n', 'h1'],
  ['GET httpx', 'raw'],
  ['GET hello\r\n', 'raw'],
  ['OPTIONS sip:bob@example.org SIP/2.0\r\n', 'raw'],
  ['DESCRIBE rtsp://example.org RTSP/1.0\r\n', 'raw'],
  ['EHLO example.org\r\n', 'raw'],
  ['QUIT\r\n', 'raw'],
  ['get /key\r\n', 'raw'],
  ['SSH-2.0-OpenSSH_9.6\r\n', 'raw'],
  ['*1\r\n$4\r\nPING\r\n', 'raw'],
  ['AAAAAAAAAAAAAAAAAAAAAAAAA /', 'raw'],
  [' GET /', 'raw'],
  ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'tls'],
  ['\x16\x03\x04\x40\x00\x01', 'tls'],
  ['\x16\x03\x05\x02\x00\x01', 'raw'],
  ['\x16\x02\x01\x02\x00\x01', 'raw'],
  ['\x16\x03\x01\x00\x00\x01', 'raw'],
  ['\x16\x03\x01\x40\x01\x01', 'raw'],
  ['\x16\x03\x01\x41\x00\x01', 'raw'],
  ['\x16\x03\x01\x02\x00\x02', 'raw'],
  ['\x16\x03\x01\x02\x00', 'more'],
  ['\0', 'raw'],
  ['', 'more'],
];

describe('detect/detect', () => {
  for (const [text, verdict] of SAMPLES) {
    it(`says ${verdict} to ${JSON.stringify(text)}`, () => {
      assert.equal(detect(Buffer.from(text, 'latin1')), verdict);
    });
  }

  it('takes what is longer than a request line has to be for a request', () => {
    const line = Buffer.from(`GET /${'a'.repeat(8187)}`, 'latin1');
    assert.equal(detect(line), 'h1');
    assert.equal(detect(line.subarray(0, -1)), 'more');
    assert.equal(detect(Buffer.concat([line, Buffer.from('\n')])), 'h1');
  });

  it('says of every prefix "more" or what it says of the whole', () => {
    for (const [text] of SAMPLES) assertPrefixes(Buffer.from(text, 'latin1'));
    for (let i = 0; i < 2000; i++) {
      const [text] = SAMPLES[randomInt(SAMPLES.length)] as readonly [string, Verdict];
      const bytes = Buffer.concat([Buffer.from(text, 'latin1'), randomBytes(8)]);
      bytes[randomInt(bytes.length)] = randomInt(256);
      assertPrefixes(bytes);
    }
  });

  it('has a verdict on any 28 octets but the beginning of a request', () => {
    for (let i = 0; i < 2000; i++) {
      const bytes = randomBytes(28);
      for (let at = 0; at < bytes.length; at++) if (randomInt(2) === 1) bytes[at] = 0x41 + randomInt(26);
      if (!beginsRequest(bytes)) assert.notEqual(detect(bytes), 'more');
    }
    assert.notEqual(detect(Buffer.from('UPDATEREDIRECTREFXYZ http')), 'raw');
  });
});

function assertPrefixes(bytes: Buffer): void {
  const whole = detect(bytes);
  for (let end = 0; end < bytes.length; end++) {
    const verdict = detect(bytes.subarray(0, end));
    assert.ok(verdict === 'more' || verdict === whole, `${verdict} at ${end} of ${bytes.toString('latin1')}, then ${whole}`);
  }
}
