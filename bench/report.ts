/** Measurements as Markdown tables, with ratios to the reference and whether Pillion reached what it should. */
import type { GrpcResult } from './grpc.ts';
import { reference } from './peers.ts';
import type { Peer } from './peers.ts';
import type { Series } from './rounds.ts';
import type { StartsResult } from './starts.ts';
import type { TcpResult } from './tcp.ts';

/** At most this times the reference's CPU time. */
const ratioTargets: Readonly<Record<string, number>> = {
  '10x100': 0.3,
  '100x10': 0.45,
  '100x1': 0.8,
  '1x1': 1.05,
  upload: 0.6,
  download: 0.6,
};
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

export function tcpTables(peers: readonly Peer[], result: TcpResult): string {
  const columns = peers.filter((peer) => peer.tcp !== undefined);
  return [
    '### Raw TCP, CPU seconds per GB (ratio to HAProxy)\n',
    costTable('direction', columns, result, 2),
    '### Raw TCP, GB per second\n',
    rateTable('direction', columns, result, 2),
  ].join('\n');
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
    return [row, ...cells, verdict(ratio(series, ours), ratioTargets[row] ?? 0)];
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
function ratio(series: Series, name: string): number | undefined {
  const theirs = series.get(reference) ?? [];
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
