import assert from 'node:assert/strict';
import { SILENT } from '../../../src/model/observer.ts';
import type { Observer } from '../../../src/model/observer.ts';
import { composeObservers } from '../../../src/observe/compose.ts';
import { backendRecord, connectionRecord, serverRecord, streamRecord } from './records.ts';

describe('observe/compose', () => {
  it('is silent for none and the observer itself for one', () => {
    assert.equal(composeObservers([]), SILENT);
    const one: Observer = { ...SILENT };
    assert.equal(composeObservers([one]), one);
  });

  it('tells all in order', () => {
    const seen: string[] = [];
    const observer = (name: string): Observer => ({
      streamEnded: (stream) => seen.push(`${name} ${stream.kind}`),
      streamAnswered: (stream) => seen.push(`${name} ${stream.kind} answered`),
      connectionEnded: (connection, streams, reason) => seen.push(`${name} ${connection.id} ${streams} ${reason}`),
      protocolError: (side, where, code, reason) => seen.push(`${name} ${side} ${where} ${code} ${reason}`),
      serverChanged: (backend, server, from, reason) => seen.push(`${name} ${backend.name}/${server.name} ${from} ${reason}`),
      event: (level, message, details) => seen.push(`${name} ${level} ${message} ${JSON.stringify(details)}`),
    });
    const both = composeObservers([observer('a'), observer('b')]);
    both.streamAnswered(streamRecord());
    both.streamEnded(streamRecord());
    both.connectionEnded(connectionRecord(), 3, 'reset');
    both.protocolError('client', 'here', 1, 'why');
    both.serverChanged(backendRecord(), serverRecord(), 'DOWN', 'check');
    both.event('info', 'up', { port: 1 });
    const expected = ['h2 answered', 'h2', '1 3 reset', 'client here 1 why', 'be/s1 DOWN check', 'info up {"port":1}'];
    assert.deepEqual(seen, expected.flatMap((text) => [`a ${text}`, `b ${text}`]));
  });
});
