import assert from 'node:assert/strict';
import { describeSilence, whoseTurn, type StreamState } from '../../../src/exchange/whose-turn.ts';

const HTTP: StreamState = {
  grpc: false, tunnel: false, requestEnded: false, responseEnded: false, heldForClient: 0, heldForServer: 0, requestPartial: false, responsePartial: false,
};
const GRPC: StreamState = { ...HTTP, grpc: true };

describe('whose turn it is on a stream', () => {
  it('HTTP: the client sends its request, then the server answers', () => {
    assert.equal(whoseTurn(HTTP), 'client');
    assert.equal(whoseTurn({ ...HTTP, requestEnded: true }), 'server');
  });

  it('gRPC: nobody\'s, unless a message was begun', () => {
    for (const requestEnded of [false, true]) assert.equal(whoseTurn({ ...GRPC, requestEnded }), null);
    assert.equal(whoseTurn({ ...GRPC, requestPartial: true }), 'client');
    assert.equal(whoseTurn({ ...GRPC, responsePartial: true }), 'server');
  });

  it('any: of who does not take what it was sent, the client first, since a server may wait for it', () => {
    for (const stream of [HTTP, GRPC, { ...HTTP, requestEnded: true }]) {
      assert.equal(whoseTurn({ ...stream, heldForClient: 1, heldForServer: 1 }), 'client');
      assert.equal(whoseTurn({ ...stream, heldForServer: 1 }), 'server');
    }
  });

  it('any: the client\'s, to end a stream whose response has ended', () => {
    for (const stream of [HTTP, GRPC]) assert.equal(whoseTurn({ ...stream, responseEnded: true }), 'client');
  });

  it('a tunnel: either may speak, and the client is asked first', () => {
    assert.equal(whoseTurn({ ...HTTP, tunnel: true, requestEnded: true }), 'client');
  });

  it('is told with the name of the timer', () => {
    const limit = { ms: 30_000, name: 'timeout server' };
    assert.equal(describeSilence('server', limit, 0, 'server app/b'), 'timeout server: nothing from server app/b for 30000 ms');
    assert.equal(describeSilence('client', { ms: 5, name: 'timeout client' }, 9, ''), 'timeout client: the client took nothing for 5 ms');
  });
});
