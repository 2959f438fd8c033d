/** Several observers as one. */
import { SILENT } from '../model/observer.ts';
import type { Observer } from '../model/observer.ts';

/** Tells each of `list` in order. None: a silent observer; one: that observer itself, without an indirection. */
export function composeObservers(list: readonly Observer[]): Observer {
  if (list.length <= 1) return list[0] ?? SILENT;
  const observers = [...list];
  return {
    streamEnded(stream) {
      for (let i = 0; i < observers.length; i++) observers[i]?.streamEnded(stream);
    },
    streamAnswered(stream) {
      for (let i = 0; i < observers.length; i++) observers[i]?.streamAnswered(stream);
    },
    connectionEnded(connection, streams, reason) {
      for (let i = 0; i < observers.length; i++) observers[i]?.connectionEnded(connection, streams, reason);
    },
    protocolError(side, where, code, reason) {
      for (let i = 0; i < observers.length; i++) observers[i]?.protocolError(side, where, code, reason);
    },
    serverChanged(backend, server, from, reason) {
      for (let i = 0; i < observers.length; i++) observers[i]?.serverChanged(backend, server, from, reason);
    },
    event(level, message, details) {
      for (let i = 0; i < observers.length; i++) observers[i]?.event(level, message, details);
    },
  };
}
