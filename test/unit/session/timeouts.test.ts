import assert from 'node:assert/strict';
import { clientTimeouts, serverTimeouts, type SessionTimeouts } from '../../../src/session/timeouts.ts';

const PING = { afterMs: null, timeoutMs: 1, always: false };

describe('timeouts of HTTP/2 connections (HAProxy manual 4.2)', () => {
  function inForce(clientTimeoutMs: number | null, httpRequestTimeoutMs: number | null, keepAliveTimeoutMs: number | null): (string | null)[] {
    const text = ({ handshake, firstStream, idle }: SessionTimeouts): (string | null)[] =>
      [handshake, firstStream, idle].map((limit) => (limit === null ? null : `${limit.ms} ${limit.name}`));
    return text(clientTimeouts({ clientTimeoutMs, httpRequestTimeoutMs, keepAliveTimeoutMs }, PING));
  }

  it('are each the next wider one where they are not set', () => {
    assert.deepEqual(inForce(30, 20, 10), ['20 timeout http-request', '20 timeout http-request', '10 timeout http-keep-alive']);
    assert.deepEqual(inForce(30, 20, null), ['20 timeout http-request', '20 timeout http-request', '20 timeout http-request']);
    assert.deepEqual(inForce(30, null, 10), ['30 timeout client', '30 timeout client', '10 timeout http-keep-alive']);
    assert.deepEqual(inForce(30, null, null), ['30 timeout client', '30 timeout client', '30 timeout client']);
  });

  it('never let a client that says nothing stay for ever', () => {
    assert.deepEqual(inForce(null, null, null), ['10000 no timeout is set', null, null]);
  });

  it('keep connections to servers', () => {
    const { handshake, firstStream, idle } = serverTimeouts(7, PING);
    assert.deepEqual([handshake, firstStream, idle], [{ ms: 7, name: 'timeout connect' }, null, null]);
  });
});
