/** Fetches of the state of frontends, backends and servers (HAProxy manual 7.3.2 and 7.3.3). */
import { fetch } from '../declare.ts';
import type { Arguments, Fetch, Get } from '../declare.ts';
import type { BackendFacts, Evaluation, ServerFacts } from '../context.ts';
import type { RuleScope } from '../scope.ts';

const ofBackend = { args: '[backend:backend]', needs: 'connection' } as const;
const ofServer = { args: 'backend/server:server', needs: 'connection' } as const;
const connection = { needs: 'connection' } as const;

/** The named backend, or the stream's. */
function backend(args: Arguments, read: (backend: BackendFacts) => number | boolean | null): Get {
  const name = args.text(0);
  if (name === '') return (context) => (context.backend === null ? null : read(context.backend));
  return ({ session }) => {
    const found = session.directory.backend(name);
    return found === undefined ? null : read(found);
  };
}

function server(args: Arguments, scope: RuleScope, read: (server: ServerFacts, backend: BackendFacts) => number | boolean | string | null): Get {
  const text = args.text(0);
  const slash = text.indexOf('/');
  const owner = slash < 0 ? scope.proxy : text.slice(0, slash);
  const name = text.slice(slash + 1);
  return ({ session }) => {
    const found = session.directory.backend(owner);
    const one = found?.servers.find((candidate) => candidate.name === name);
    return found === undefined || one === undefined ? null : read(one, found);
  };
}

function usable({ servers }: BackendFacts): readonly ServerFacts[] {
  return servers.filter((one) => one.usable);
}

function streams({ servers }: BackendFacts): number {
  return servers.reduce((sum, { counters }) => sum + counters.streamsCurrent, 0);
}

/** Free places of usable servers, less those who wait; -1 where a server has no limit. */
function slots(found: BackendFacts): number {
  let free = 0;
  for (const { maxconn, counters } of usable(found)) {
    if (maxconn === 0) return -1;
    free += maxconn - counters.streamsCurrent;
  }
  return Math.max(0, free - found.counters.queued);
}

export const PROXY_FETCHES: readonly Fetch[] = [
  fetch('act_conn', 'int', 'Client connections of the process now.', connection, () => ({ session }) => session.directory.connections),
  fetch('avg_queue', 'int', 'Streams that wait in the backend, per usable server, rounded up.', ofBackend, (args) => backend(args, (found) => {
    const servers = usable(found).length;
    return servers === 0 ? found.counters.queued : Math.ceil(found.counters.queued / servers);
  })),
  fetch('be_conn', 'int', 'Streams of the backend now, those that wait included.', ofBackend, (args) =>
    backend(args, (found) => streams(found) + found.counters.queued)),
  fetch('be_conn_free', 'int', "Free places of the backend's servers, less those who wait; -1: there is no limit.", ofBackend, (args) => backend(args, slots)),
  fetch('be_name', 'str', "The name of the stream's backend.", { needs: 'request' }, () => (context) => context.backend?.name ?? null),
  fetch('be_server_timeout', 'int', "The backend's timeout server, milliseconds; 0: none.", { needs: 'request' }, () => ({ backend: own }) => own && (own.settings.serverTimeoutMs ?? 0)),
  fetch('be_tunnel_timeout', 'int', "The backend's timeout tunnel, milliseconds; 0: none.", { needs: 'request' }, () => ({ backend: own }) => own && (own.settings.tunnelTimeoutMs ?? 0)),
  fetch('connslots', 'int', "Free places of the backend's servers, less those who wait; -1: there is no limit.", ofBackend, (args) => backend(args, slots)),
  fetch('cur_server_timeout', 'int', "The stream's timeout server, milliseconds; 0: none.", { needs: 'request' }, () => ({ backend: own, serverTimeoutMs }) =>
    own && (serverTimeoutMs ?? own.settings.serverTimeoutMs ?? 0)),
  fetch('cur_tunnel_timeout', 'int', "The stream's timeout tunnel, milliseconds; 0: none.", { needs: 'request' }, () => ({ backend: own, tunnelTimeoutMs }) =>
    own && (tunnelTimeoutMs ?? own.settings.tunnelTimeoutMs ?? 0)),
  fetch('fe_conn', 'int', 'Client connections of the frontend now.', { args: '[frontend:text]', needs: 'connection' }, (args) => {
    const name = args.text(0);
    if (name === '') return ({ session }) => session.connection.frontend.counters.connectionsCurrent;
    return ({ session }) => session.directory.frontend(name)?.counters.connectionsCurrent ?? null;
  }),
  fetch('fe_name', 'str', 'The name of the frontend.', connection, () => ({ session }) => session.connection.frontend.name),
  fetch('nbsrv', 'int', 'Usable servers of the backend.', ofBackend, (args) => backend(args, (found) => usable(found).length)),
  fetch('queue', 'int', 'Streams that wait in the backend.', ofBackend, (args) => backend(args, ({ counters }) => counters.queued)),
  fetch('srv_conn', 'int', 'Streams of the server now.', ofServer, (args, scope) => server(args, scope, ({ counters }) => counters.streamsCurrent)),
  fetch('srv_conn_free', 'int', 'Free places of the server; -1: it has no limit.', ofServer, (args, scope) =>
    server(args, scope, ({ counters, maxconn }) => (maxconn === 0 ? -1 : Math.max(0, maxconn - counters.streamsCurrent)))),
  fetch('srv_id', 'int', "The number of the stream's server in its backend, from 1.", { needs: 'server' }, () => ({ server: chosen }: Evaluation) => chosen?.id ?? null),
  fetch('srv_is_up', 'bool', 'Whether the server takes streams.', ofServer, (args, scope) => server(args, scope, (one) => one.usable)),
  fetch('srv_name', 'str', "The name of the stream's server.", { needs: 'server' }, () => ({ server: chosen }: Evaluation) => chosen?.name ?? null),
  fetch('srv_weight', 'int', "The server's weight.", ofServer, (args, scope) => server(args, scope, ({ weight }) => weight)),
  fetch('stopping', 'bool', 'Whether the process is draining.', connection, () => ({ session }) => session.directory.stopping),
];
