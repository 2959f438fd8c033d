import assert from 'node:assert/strict';
import { status as reference } from '@grpc/grpc-js';
import {
  GRPC_STATUS, STATUS_NAMES, decodeMessage, encodeMessage, parseStatus, statusName, statusOfHttp, statusOfReset, trailersOnly,
} from '../../../src/grpc/status.ts';

describe('grpc/status', () => {
  it('names the codes as grpc-js does', () => {
    assert.equal(STATUS_NAMES.length, 17);
    for (const [code, name] of STATUS_NAMES.entries()) {
      assert.equal(reference[name], code);
      assert.equal(GRPC_STATUS[name], code);
      assert.equal(statusName(code), name);
    }
    assert.equal(statusName(99), '99');
  });

  it('reads grpc-status', () => {
    assert.equal(parseStatus('0'), 0);
    assert.equal(parseStatus('16'), 16);
    for (const value of [undefined, '', '-1', '1x', ' 1', '1234567890']) assert.equal(parseStatus(value), -1);
  });

  it('maps HTTP statuses', () => {
    const names = [400, 401, 403, 404, 429, 502, 503, 504, 200, 302, 418, 500].map((status) => statusName(statusOfHttp(status)));
    assert.deepEqual(names, [
      'INTERNAL', 'UNAUTHENTICATED', 'PERMISSION_DENIED', 'UNIMPLEMENTED', 'UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE',
      'UNKNOWN', 'UNKNOWN', 'UNKNOWN', 'UNKNOWN',
    ]);
  });

  it('maps reset codes', () => {
    const names = Array.from({ length: 15 }, (_, code) => statusName(statusOfReset(code)));
    assert.deepEqual(names, [
      'INTERNAL', 'INTERNAL', 'INTERNAL', 'INTERNAL', 'INTERNAL', 'UNKNOWN', 'INTERNAL', 'UNAVAILABLE', 'CANCELLED', 'INTERNAL', 'INTERNAL',
      'RESOURCE_EXHAUSTED', 'PERMISSION_DENIED', 'UNKNOWN', 'UNKNOWN',
    ]);
  });

  it('encodes messages for the wire and decodes them again', () => {
    assert.equal(encodeMessage('backend app has no server'), 'backend app has no server');
    assert.equal(encodeMessage('100% of\ncafé'), '100%25 of%0Acaf%C3%A9');
    for (const text of ['', 'plain', '%', '%41', 'tab\tnul\0del\x7f', '日本語 🚀', '~}!"#$&']) {
      const encoded = encodeMessage(text);
      assert.match(encoded, /^[ -~]*$/);
      assert.equal(decodeMessage(encoded), text);
    }
  });

  it('decodes what is badly encoded without failing', () => {
    assert.equal(decodeMessage('50% off %zz %4'), '50% off %zz %4');
    assert.equal(decodeMessage('%ff'), '\ufffd');
    assert.equal(decodeMessage('caf\xc3\xa9'), 'café');
  });

  it('makes trailers-only responses, the same list for the same answer', () => {
    const list = trailersOnly(14, 'no server in ünits');
    assert.deepEqual(list.fields.map((field) => [field.name, field.value]), [
      [':status', '200'], ['content-type', 'application/grpc'], ['grpc-status', '14'], ['grpc-message', 'no server in %C3%BCnits'],
    ]);
    assert.equal(trailersOnly(14, 'no server in ünits'), list);
    assert.notEqual(trailersOnly(4, 'no server in ünits'), list);
  });

  it('keeps a bounded number of lists', () => {
    const first = trailersOnly(2, 'first');
    for (let i = 0; i < 64; i++) trailersOnly(2, `message ${i}`);
    assert.notEqual(trailersOnly(2, 'first'), first);
  });
});
