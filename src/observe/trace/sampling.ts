/** The head decision: whether a stream gets a span. It is made before anything exists that could be thrown away. */

/** A sampler of OTEL_TRACES_SAMPLER, reduced to numbers. */
export interface Sampling {
  /** parentbased_…: an incoming context's flag decides. */
  readonly parentBased: boolean;
  /** Share of the streams without a deciding parent that are sampled, 0–1. */
  readonly ratio: number;
}

/** Reads OTEL_TRACES_SAMPLER and its argument. What is wrong is told to `complain` and replaced with the default. */
export function parseSampling(name: string | undefined, argument: string | undefined, complain: (problem: string) => void): Sampling {
  const text = name?.trim().toLowerCase() ?? '';
  const kind = text === '' ? 'parentbased_always_on' : text;
  const parentBased = kind.startsWith('parentbased_');
  switch (parentBased ? kind.slice('parentbased_'.length) : kind) {
    case 'always_on': return { parentBased, ratio: 1 };
    case 'always_off': return { parentBased, ratio: 0 };
    case 'traceidratio': return { parentBased, ratio: parseRatio(argument, complain) };
    default:
      complain(`OTEL_TRACES_SAMPLER '${text}' is not supported; using parentbased_always_on`);
      return { parentBased: true, ratio: 1 };
  }
}

function parseRatio(argument: string | undefined, complain: (problem: string) => void): number {
  const text = argument?.trim() ?? '';
  if (text === '') return 1;
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  complain(`OTEL_TRACES_SAMPLER_ARG '${text}' is not a number from 0 to 1; using 1`);
  return 1;
}

/** Digits of a trace id that are random (Trace Context level 2, "random trace id"): the last 56 bits. */
const RANDOM_DIGITS = 14;

/**
 * The random part of the trace id that ends before `end` in `text`, as a number from 0 to 1. A trace is sampled at a ratio
 * when this is at least 1 − ratio, so that all who decide by the id agree. Lower-case hexadecimal only.
 */
export function randomnessAt(text: string, end: number): number {
  let value = 0;
  for (let i = end - RANDOM_DIGITS; i < end; i++) {
    const code = text.charCodeAt(i);
    value = value * 16 + (code < 0x61 ? code - 0x30 : code - 0x57);
  }
  return value / 2 ** 56;
}

/** A trace id whose random part ({@link randomnessAt}) is `draw` (0 ≤ draw < 1). */
export function traceIdOf(draw: number): string {
  const random = Math.floor(draw * 2 ** 52).toString(16).padStart(13, '0');
  return hex(10) + hex(8) + random + hex(1);
}

/** A span id. */
export function newSpanId(): string {
  // All zeros mean "no span".
  const id = hex(8) + hex(8);
  return id === '0000000000000000' ? '0000000000000001' : id;
}

/** `digits` random hexadecimal digits, at most 13. */
function hex(digits: number): string {
  return Math.floor(Math.random() * 16 ** digits).toString(16).padStart(digits, '0');
}
