/** Measurements as Markdown tables, with ratios to the reference and whether Pillion reached what it should. */
import type { GrpcResult } from './grpc.ts';
import type { Http1Result } from './http1.ts';
import { direct } from './latency.ts';
import type { LatencyResult, LatencySample } from './latency.ts';
import { idleConnections, idleStreams } from './memory.ts';
import type { MemoryResult } from './memory.ts';
import { reference, spliced } from './peers.ts';
import type { Peer } from './peers.ts';
import type { Series } from './rounds.ts';
import type { StartsResult } from './starts.ts';
import type { StreamingResult, StreamingSample } from './streaming.ts';
import type { TcpResult } from './tcp.ts';
import type { TlsResult } from './tls.ts';

/** At most this times the reference's CPU time. */
const ratioTargets: Readonly<Record<string, number>> = {
  '10x100': 0.25,
  '100x10': 0.4,
  '100x1': 0.75,
  '1x1': 1,
  upload: 0.55,
  download: 0.55,
};
/** At most this times what HAProxy takes when the bytes stay in the kernel. */
const spliceTarget = 1.2;
const spreadTarget = 2;
const connectionKiBTarget = 12;
const streamKiBTarget = 1.5;
const idleMiBTarget = 70;
const listeningTarget = 300;

export function grpcTables(peers: readonly Peer[], result: GrpcResult): string {
  const columns = peers.filter((peer) => peer.grpc !== undefined);
  return [
    '### CPU µs per unary RPC (ratio to HAProxy)\n',
    costTable('c×m', columns, result.cases, 1),
    '### RPC per second, one core each for the proxy and for load with server\n',
    rateTable('c×m', columns, result.cases, 0),
  ].join('\n');
}

/** The 99th percentile counts: what a proxy adds to it, that is what remains without the time of the server and the load. */
export function latencyTable(peers: readonly Peer[], { rate, series }: LatencyResult): string {
  const columns = [...peers.filter((peer) => peer.streams === true).map((peer) => peer.name), direct];
  const samples = (name: string): LatencySample[] => (series.get(name) ?? []).filter((sample): sample is LatencySample => sample !== null);
  const p99 = (name: string): number | undefined => median(samples(name).map((sample) => sample.value));
  const row = (label: string, valueOf: (name: string) => number | undefined, target: string): string[] => [
    label, ...columns.map((name) => format(valueOf(name), 0)), target,
  ];
  const ours = peers.find((peer) => peer.ours)?.name ?? '';
  const added = (name: string): number => (p99(name) ?? NaN) - (p99(direct) ?? NaN);
  const ratios = samples(ours).map((_, round) => {
    const at = (name: string): number => series.get(name)?.[round]?.value ?? NaN;
    return (at(ours) - at(direct)) / (at(reference) - at(direct));
  });
  const rows = [
    row('median', (name) => median(samples(name).map((sample) => sample.p50)), ''),
    row('p99', p99, ''),
    row('added to p99', added, `${verdict(median(ratios.filter(Number.isFinite)), 1)} × HAProxy's`),
  ];
  return `### µs per unary RPC at ${rate} per second, half of what saturates HAProxy\n\n${table(['', ...columns, 'to reach'], rows)}`;
}

export function http1Tables(peers: readonly Peer[], cases: Http1Result): string {
  const columns = peers.filter((peer) => peer.http1 !== undefined);
  return [
    '### HTTP/1: CPU µs per request (ratio to HAProxy)\n',
    costTable('c×m', columns, cases, 1),
    '### HTTP/1: requests per second\n',
    rateTable('c×m', columns, cases, 0),
  ].join('\n');
}

export function tlsTables(peers: readonly Peer[], { cases, handshakes }: TlsResult): string {
  const columns = peers.filter((peer) => peer.tls !== undefined);
  return [
    '### TLS: CPU µs per unary RPC (ratio to HAProxy)\n',
    costTable('c×m', columns, cases, 1),
    '### TLS: RPC per second\n',
    rateTable('c×m', columns, cases, 0),
    '### TLS: CPU µs per connection with a full handshake and one RPC (ratio to HAProxy)\n',
    costTable('', columns, handshakes, 0),
    '### TLS: such connections per second\n',
    rateTable('', columns, handshakes, 0),
  ].join('\n');
}

export function tcpTables(peers: readonly Peer[], result: TcpResult): string {
  const columns = peers.filter((peer) => peer.tcp !== undefined);
  const ours = columns.find((peer) => peer.ours)?.name ?? '';
  const toSplice = [...result].map(([direction, series]) => {
    const value = ratio(series, ours, spliced);
    return [direction, format(value, 2), verdict(value, spliceTarget)];
  });
  return [
    '### Raw TCP, CPU seconds per GB (ratio to HAProxy)\n',
    costTable('direction', columns, result, 2),
    '### Raw TCP, GB per second\n',
    rateTable('direction', columns, result, 2),
    '### Raw TCP, CPU ratio to HAProxy with splice\n',
    table(['direction', ours, 'to reach'], toSplice),
  ].join('\n');
}

export function streamingTables(peers: readonly Peer[], result: StreamingResult): string {
  const columns = peers.filter((peer) => peer.streams === true);
  const ours = columns.find((peer) => peer.ours)?.name ?? '';
  const rows = [...result].map(([row, series]) => {
    const of = (name: string, pick: (sample: StreamingSample) => number | undefined): number | undefined =>
      median((series.get(name) ?? []).flatMap((sample) => (sample === null ? [] : (pick(sample as StreamingSample) ?? []))));
    const rate = (name: string): number | undefined => of(name, (sample) => sample.rate);
    const spread = of(ours, (sample) => sample.spread);
    const [own, other] = [rate(ours), rate(reference)];
    const fast = own === undefined || other === undefined ? '' : `≥ ${format(other, 2)} GB/s: ${own >= other ? 'reached' : 'missed'}`;
    return [
      row,
      ...columns.map(({ name }) => `${format(rate(name), 2)}, ${format(of(name, ({ value }) => value), 2)}`),
      ...columns.map(({ name }) => format(of(name, (sample) => sample.spread), 2)),
      ...columns.map(({ name }) => `${format(of(name, ({ p50 }) => p50), 1)} / ${format(of(name, ({ p99 }) => p99), 1)}`),
      `${fast}${row.startsWith('1 ') ? '' : `, share ${verdict(spread, spreadTarget)}`}`,
    ];
  });
  const names = columns.map(({ name }) => name);
  const head = [
    'streams', ...names, ...names.map((name) => `${name}: largest ÷ smallest share`), ...names.map((name) => `${name}: unary p50 / p99 ms`), 'to reach',
  ];
  return `### gRPC streams of 1 MiB messages: GB per second, CPU seconds per GB\n\n${table(head, rows)}`;
}

export function memoryTable(peers: readonly Peer[], { perConnection, perStream }: MemoryResult): string {
  const columns = peers.filter((peer) => peer.streams === true);
  const ours = columns.find((peer) => peer.ours)?.name ?? '';
  const row = (label: string, kib: ReadonlyMap<string, number>, digits: number, target: number): string[] => [
    label, ...columns.map(({ name }) => format(kib.get(name), digits)), verdict(kib.get(ours), target),
  ];
  const rows = [
    row(`per connection, of ${idleConnections}`, perConnection, 1, connectionKiBTarget),
    row(`per stream, of ${idleStreams}`, perStream, 2, streamKiBTarget),
  ];
  return `### KiB resident for what is open and idle\n\n${table(['', ...columns.map(({ name }) => name), 'to reach'], rows)}`;
}

export function processTable(peers: readonly Peer[], starts: StartsResult | undefined, grpc: GrpcResult | undefined): string {
  const columns = peers.filter((peer) => peer.grpc !== undefined);
  const ours = columns.find((peer) => peer.ours)?.name ?? '';
  const rows: string[][] = [];
  const add = (label: string, valueOf: (name: string) => number | undefined, target?: number): void => {
    const values = columns.map((peer) => format(valueOf(peer.name), 0));
    rows.push([label, ...values, target === undefined ? '' : verdict(valueOf(ours), target)]);
  };
  if (starts !== undefined) {
    add('ms from start to listening', (name) => median(valuesOf(starts.milliseconds, name)), listeningTarget);
    add('MiB resident, idle', (name) => starts.idleMiB.get(name), idleMiBTarget);
  }
  if (grpc !== undefined) add('MiB resident, peak of the gRPC load', (name) => grpc.peakMiB.get(name));
  return `### Start and memory\n\n${table(['', ...columns.map((peer) => peer.name), 'to reach'], rows)}`;
}

function costTable(label: string, peers: readonly Peer[], results: ReadonlyMap<string, Series>, digits: number): string {
  const ours = peers.find((peer) => peer.ours)?.name ?? '';
  const rows = [...results].map(([row, series]) => {
    const cells = peers.map(({ name }) => {
      const value = format(median(valuesOf(series, name)), digits);
      return name === reference ? value : `${value} (${format(ratio(series, name), 2)})`;
    });
    const target = ratioTargets[row];
    return [row, ...cells, target === undefined ? '' : verdict(ratio(series, ours), target)];
  });
  return table([label, ...peers.map((peer) => peer.name), 'to reach'], rows);
}

function rateTable(label: string, peers: readonly Peer[], results: ReadonlyMap<string, Series>, digits: number): string {
  const rows = [...results].map(([row, series]) => {
    const rates = peers.map(({ name }) => (series.get(name) ?? []).flatMap((sample) => sample?.rate ?? []));
    return [row, ...rates.map((each) => format(median(each), digits))];
  });
  return table([label, ...peers.map((peer) => peer.name)], rows);
}

/** The median of the ratios within each round: a disturbance of one round does not mix with another's. */
function ratio(series: Series, name: string, to: string = reference): number | undefined {
  const theirs = series.get(to) ?? [];
  const ratios = (series.get(name) ?? []).flatMap((sample, round) => {
    const other = theirs[round];
    return sample === null || other === null || other === undefined || other.value === 0 ? [] : [sample.value / other.value];
  });
  return median(ratios);
}

function valuesOf(series: Series, name: string): number[] {
  return (series.get(name) ?? []).flatMap((sample) => sample?.value ?? []);
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const high = sorted[Math.floor(sorted.length / 2)];
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  return high === undefined || low === undefined ? undefined : (low + high) / 2;
}

function verdict(value: number | undefined, target: number): string {
  if (value === undefined) return `≤ ${target}`;
  return `≤ ${target}: ${value <= target ? 'reached' : 'missed'}`;
}

function format(value: number | undefined, digits: number): string {
  return value === undefined ? '–' : value.toFixed(digits);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(3, cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line), ''].join('\n');
}
