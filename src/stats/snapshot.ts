/** The one place where statistics are read: rows as HAProxy has them (management manual 9.1), whatever shows them. */
import type { Frontend } from '../exchange/frontend.ts';
import type { Backend } from '../pool/backend.ts';
import type { Server } from '../pool/server.ts';
import { BACKEND, FRONTEND, SERVER, type ProxyRows, type Row } from './columns.ts';
import type { Meters, Metered } from './meters.ts';
import { isDown, isStopped, type Ledger, type Tally } from './tally.ts';

/** A section of the configuration: a frontend, a backend, or a `listen`, which is both. */
export interface StatsProxy {
  /** From 1, in the order of the configuration. */
  readonly id: number;
  readonly name: string;
  readonly mode: string;
  readonly frontend: Frontend | null;
  readonly backend: Backend | null;
}

export interface SnapshotSources {
  readonly proxies: readonly StatsProxy[];
  readonly ledger: Ledger;
  readonly meters: Meters;
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Connections that a frontend without a limit of its own takes. */
  readonly maxconn: number;
}

export function snapshot(sources: SnapshotSources): readonly ProxyRows[] {
  return sources.proxies.map((proxy) => {
    const { id, name, mode, frontend, backend } = proxy;
    const rows: Row[] = [];
    if (frontend !== null) rows.push(frontendRow(proxy, frontend, sources));
    if (backend !== null) {
      const servers = backend.servers.map((server) => ({ id: server.id, row: serverRow(proxy, backend, server, sources) }));
      const empty = backend.emptySlots.map((slot) => ({ id: slot.id, row: emptyRow(proxy, slot) }));
      rows.push(...[...servers, ...empty].toSorted((a, b) => a.id - b.id).map(({ row }) => row), backendRow(proxy, backend, sources));
    }
    return { id, name, mode, rows };
  });
}

/** Every counter whose rate is shown. */
export function metered(proxies: readonly StatsProxy[]): readonly Metered[] {
  return proxies.flatMap(({ frontend, backend }) => [
    ...(frontend === null ? [] : [
      { of: frontend, name: 'connections', total: frontend.counters.connectionsTotal },
      { of: frontend, name: 'streams', total: frontend.counters.streamsTotal },
    ]),
    ...(backend === null ? [] : [
      { of: backend, name: 'streams', total: backend.counters.streamsTotal },
      ...backend.servers.map((server) => ({ of: server, name: 'streams', total: server.counters.streamsTotal })),
    ]),
  ]);
}

function frontendRow({ id, name, mode }: StatsProxy, frontend: Frontend, { ledger, meters, now, maxconn }: SnapshotSources): Row {
  const { counters } = frontend;
  const tally = ledger.tally(frontend);
  const connections = meters.meter(frontend, 'connections');
  const requests = meters.meter(frontend, 'streams');
  const rate = connections.rate(counters.connectionsTotal, now);
  const requestRate = requests.rate(counters.streamsTotal, now);
  const http = mode !== 'tcp';
  return {
    pxname: name, svname: 'FRONTEND', type: FRONTEND, status: 'OPEN', pid: 1, iid: id, sid: 0, mode,
    scur: counters.connectionsCurrent, smax: counters.connectionsMax, slim: frontend.settings.maxconn ?? maxconn, stot: counters.connectionsTotal,
    bin: counters.bytesIn, bout: counters.bytesOut, dreq: tally.denied, dresp: 0, ereq: tally.requestErrors + counters.protocolErrors,
    rate, rate_lim: 0, rate_max: connections.max, conn_rate: rate, conn_rate_max: connections.max, conn_tot: counters.connectionsTotal,
    dcon: 0, dses: 0,
    ...(http ? {
      ...responses(tally), req_rate: requestRate, req_rate_max: requests.max, req_tot: counters.streamsTotal, intercepted: tally.intercepted,
    } : {}),
  };
}

function serverRow({ id, name, mode }: StatsProxy, backend: Backend, server: Server, { ledger, meters, now }: SnapshotSources): Row {
  const { counters, settings, status } = server;
  const tally = ledger.tally(server);
  const history = ledger.history(server, isStopped(status));
  const meter = meters.meter(server, 'streams');
  const rate = meter.rate(counters.streamsTotal, now);
  const { check } = server;
  return {
    pxname: name, svname: server.name, type: SERVER, status: statusText(server), pid: 1, iid: id, sid: server.id, mode,
    qcur: backend.waitingFor(server), scur: counters.streamsCurrent, smax: counters.streamsMax, slim: settings.maxconn || undefined,
    stot: counters.streamsTotal, lbtot: counters.streamsTotal, bin: counters.bytesIn, bout: counters.bytesOut, dresp: 0,
    econ: counters.connectFailures, eresp: tally.responseErrors, wretr: tally.retries, wredis: tally.redispatches,
    weight: Math.ceil(server.weight), uweight: settings.weight, act: server.backup ? 0 : 1, bck: server.backup ? 1 : 0,
    // While it starts slowly, and in percent.
    throttle: server.weight < settings.weight ? Math.round((100 * server.weight) / settings.weight) : undefined,
    qlimit: settings.maxqueue || undefined,
    lastchg: seconds(now - history.changedAt), downtime: settings.check ? seconds(history.downMs(now)) : undefined,
    rate, rate_max: meter.max, cli_abrt: tally.clientAborts, srv_abrt: tally.serverAborts,
    lastsess: meter.lastAt < 0 ? -1 : seconds(now - meter.lastAt), ...times(tally, mode),
    ...(settings.check ? { chkfail: counters.checksFailed, chkdown: counters.transitionsDown, check_rise: settings.rise, check_fall: settings.fall } : {}),
    ...(check === null ? {} : {
      check_status: check.status, check_code: check.code ?? undefined, check_duration: Math.round(check.durationMs), check_desc: check.description,
      last_chk: check.detail,
    }),
    addr: server.address, cookie: server.cookie ?? undefined,
    connect: counters.connectionsTotal, reuse: Math.max(0, counters.streamsTotal - counters.connectionsTotal),
    ...(mode === 'tcp' ? {} : responses(tally)),
  };
}

/** A slot of a `server-template` that no address was found for. */
function emptyRow({ id, name, mode }: StatsProxy, slot: Backend['emptySlots'][number]): Row {
  return {
    pxname: name, svname: slot.name, type: SERVER, status: 'MAINT (resolution)', pid: 1, iid: id, sid: slot.id, mode,
    qcur: 0, scur: 0, smax: 0, stot: 0, lbtot: 0, bin: 0, bout: 0, weight: slot.settings.weight, uweight: slot.settings.weight,
    act: slot.settings.backup ? 0 : 1, bck: slot.settings.backup ? 1 : 0,
  };
}

function backendRow({ id, name, mode }: StatsProxy, backend: Backend, { ledger, meters, now }: SnapshotSources): Row {
  const { counters, servers } = backend;
  const tally = ledger.tally(backend);
  const down = isDown(backend);
  const history = ledger.history(backend, down);
  const meter = meters.meter(backend, 'streams');
  const rate = meter.rate(counters.streamsTotal, now);
  const usable = servers.filter((server) => server.usable && server.weight > 0);
  const active = usable.filter(({ backup }) => !backup);
  const used = active.length > 0 ? active : usable;
  return {
    pxname: name, svname: 'BACKEND', type: BACKEND, status: down ? 'DOWN' : 'UP', pid: 1, iid: id, sid: 0, mode,
    qcur: counters.queued, qmax: counters.queuedMax, scur: counters.streamsCurrent, smax: counters.streamsMax, slim: backend.fullconn,
    stot: counters.streamsTotal, lbtot: servers.reduce((sum, server) => sum + server.counters.streamsTotal, 0),
    bin: tally.bytesIn, bout: tally.bytesOut, dreq: tally.denied, dresp: 0, econ: tally.connectErrors, eresp: tally.responseErrors,
    wretr: counters.retries, wredis: counters.redispatches,
    weight: Math.ceil(used.reduce((sum, server) => sum + server.weight, 0)), uweight: used.reduce((sum, { settings }) => sum + settings.weight, 0),
    act: active.length, bck: usable.length - active.length, chkdown: history.timesDown,
    lastchg: seconds(now - history.changedAt), downtime: servers.length === 0 ? undefined : seconds(history.downMs(now)),
    rate, rate_max: meter.max, cli_abrt: tally.clientAborts, srv_abrt: tally.serverAborts,
    lastsess: meter.lastAt < 0 ? -1 : seconds(now - meter.lastAt), ...times(tally, mode),
    algo: backend.settings.balance.algorithm, cookie: backend.settings.stickiness?.cookie?.name,
    connect: servers.reduce((sum, server) => sum + server.counters.connectionsTotal, 0),
    ...(mode === 'tcp' ? {} : { ...responses(tally), req_tot: counters.streamsTotal }),
  };
}

/** HAProxy's words: with the checks that are missing to a change of state. */
function statusText({ status, check, settings: { rise, fall } }: Server): string {
  if (check === null) return status;
  const health = check.points;
  if (status === 'DOWN' && health > 0) return `DOWN ${health}/${rise}`;
  const left = health - rise + 1;
  return (status === 'UP' || status === 'NOLB') && left > 0 && left < fall ? `${status} ${left}/${fall}` : status;
}

function responses(tally: Tally): Record<string, number | undefined> {
  const [one, two, three, four, five, other] = tally.responses;
  return { hrsp_1xx: one, hrsp_2xx: two, hrsp_3xx: three, hrsp_4xx: four, hrsp_5xx: five, hrsp_other: other };
}

function times({ queue, connect, response, total }: Tally, mode: string): Record<string, number | undefined> {
  const http = mode !== 'tcp';
  return {
    qtime: Math.round(queue.value), ctime: Math.round(connect.value), rtime: http ? Math.round(response.value) : 0, ttime: Math.round(total.value),
    qtime_max: queue.max, ctime_max: connect.max, rtime_max: http ? response.max : 0, ttime_max: total.max,
  };
}

function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000));
}
