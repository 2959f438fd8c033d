/** What the demo's processes tell their parent. */
import type { Histogram } from './histogram.ts';

export interface ReplicaMessage {
  readonly kind: 'listening';
}

/** What happened since the last report. */
export interface LoadReport {
  readonly kind: 'report';
  readonly calls: number;
  readonly failed: number;
  /** Answered calls by `name#start` of the replica. */
  readonly byReplica: Readonly<Record<string, number>>;
  readonly latencies: Histogram;
  /** The first few failures, as text. */
  readonly failures: readonly string[];
}
