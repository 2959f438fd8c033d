/** Latencies counted in buckets that grow by a tenth of an octave: percentiles to within 7 %, in constant memory. */

const STEPS_PER_OCTAVE = 10;
/** From 1/16 ms to about 2 minutes; what lies beyond is counted in the last bucket. */
const LOWEST_MS = 1 / 16;
const BUCKETS = 21 * STEPS_PER_OCTAVE;

export type Histogram = number[];

export function emptyHistogram(): Histogram {
  return Array.from({ length: BUCKETS }, () => 0);
}

export function record(histogram: Histogram, ms: number): void {
  const bucket = Math.ceil(Math.log2(Math.max(ms, LOWEST_MS) / LOWEST_MS) * STEPS_PER_OCTAVE);
  const index = Math.min(bucket, BUCKETS - 1);
  histogram[index] = (histogram[index] ?? 0) + 1;
}

export function addTo(sum: Histogram, part: Histogram): void {
  for (let i = 0; i < BUCKETS; i++) sum[i] = (sum[i] ?? 0) + (part[i] ?? 0);
}

/** The upper bound, in milliseconds, of the bucket that holds the given share (0–1) of all; NaN when nothing was counted. */
export function percentile(histogram: Histogram, share: number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  if (total === 0) return NaN;
  let seen = 0;
  for (let i = 0; i < BUCKETS; i++) {
    seen += histogram[i] ?? 0;
    if (seen >= total * share) return LOWEST_MS * 2 ** (i / STEPS_PER_OCTAVE);
  }
  return Infinity;
}
