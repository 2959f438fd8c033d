/** The demo's figures as text: a table for terminals, one line for anything else, and the closing summary. No I/O. */
import { percentile } from './histogram.ts';
import type { Histogram } from './histogram.ts';

export interface View {
  readonly elapsedMs: number;
  readonly calls: number;
  readonly failed: number;
  readonly callsPerSecond: number;
  readonly latencies: Histogram;
  /** null when Pillion's admin port did not answer. */
  readonly retries: number | null;
  readonly rows: readonly Row[];
  readonly failures: readonly string[];
  /** What happened last, oldest first. */
  readonly events: readonly string[];
}

export interface Row {
  readonly name: string;
  /** Of the calls of the last two seconds, 0–1. */
  readonly share: number;
  readonly answered: number;
  readonly running: number | null;
  readonly health: string;
  readonly phase: string;
  readonly restarts: number;
}

const BAR = 12;

/** Lines at most `columns` wide. */
export function renderTable(view: View, columns: number): string[] {
  const lines = [
    '',
    `${clock(view.elapsedMs)}  ${figures(view)}  calls ${group(view.calls)}`,
    '',
    `${'replica'.padEnd(11)}${'share'.padEnd(BAR + 7)}${'calls'.padStart(11)}${'running'.padStart(9)}  ${'health'.padEnd(8)}${'restarts'.padStart(8)}`,
    ...view.rows.map((row) => {
      const bar = '█'.repeat(Math.round(row.share * BAR)).padEnd(BAR, '·');
      const phase = row.phase === 'running' ? '' : `  ${row.phase}`;
      return (
        `${row.name.padEnd(11)}${bar} ${share(row).padStart(6)}${group(row.answered).padStart(11)}` +
        `${(row.running === null ? '?' : String(row.running)).padStart(9)}  ${row.health.padEnd(8)}${String(row.restarts).padStart(8)}${phase}`
      );
    }),
    '',
    ...view.events.map((event) => `  ${event}`),
    ...view.failures.map((failure) => `  failed: ${failure}`),
    'Ctrl-C ends the demo',
  ];
  return lines.map((line) => line.slice(0, columns));
}

export function renderLine(view: View): string {
  const rows = view.rows.map((row) => `${row.name} ${share(row)} ${row.health}`);
  return [clock(view.elapsedMs), figures(view), ...rows].join('  ');
}

export function renderSummary(view: View): string[] {
  const restarts = view.rows.map(({ name, restarts }) => `${name}=${restarts}`).join(' ');
  const seconds = view.elapsedMs / 1000;
  return [
    '',
    ...view.failures.map((failure) => `failed: ${failure}`),
    `${latency(view.latencies)}, ${group(Math.round(view.calls / seconds))} calls/s over ${seconds.toFixed(1)} s`,
    `calls ${view.calls}, failed ${view.failed}, retries ${view.retries ?? '?'}, restarts ${restarts}`,
  ];
}

function figures(view: View): string {
  return [
    `${group(Math.round(view.callsPerSecond)).padStart(5)} calls/s`,
    `failed ${view.failed}`,
    latency(view.latencies),
    `retries ${view.retries ?? '?'}`,
  ].join('  ');
}

function latency(latencies: Histogram): string {
  const ms = (part: number): string => {
    const value = percentile(latencies, part);
    return Number.isNaN(value) ? '-' : value < 10 ? value.toFixed(1) : String(Math.round(value));
  };
  return `p50/p99 ${ms(0.5)}/${ms(0.99)} ms`;
}

function share({ share }: Row): string {
  return `${(share * 100).toFixed(1)}%`;
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}

function group(value: number): string {
  return value.toLocaleString('en-US');
}
