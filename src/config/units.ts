/** Times and sizes as HAProxy writes them (manual 2.5 "Time format", 2.6 "Size format"): a whole number and a unit. */

export type TimeUnit = 'us' | 'ms' | 's' | 'm' | 'h' | 'd';

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

const MILLISECONDS: Readonly<Record<TimeUnit, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const BYTES: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** The longest timer of Node and of HAProxy alike: 2^31 - 1 ms, about 24 days. */
export const MAX_TIME_MS: number = 2 ** 31 - 1;

/**
 * Milliseconds of `text`; a number without unit is in `defaultUnit`.
 * As in HAProxy, a time above zero that is shorter than 1 ms counts as 1 ms.
 */
export function parseTime(text: string, defaultUnit: TimeUnit = 'ms'): Parsed<number> {
  const match = /^(\d+)([a-z]*)$/i.exec(text);
  if (match === null) return { ok: false, message: `'${text}' is not a time: expected a whole number with us, ms, s, m, h or d` };
  const unit = match[2] === '' ? defaultUnit : match[2];
  if (!isTimeUnit(unit)) return { ok: false, message: `unknown unit '${unit}' in '${text}': expected us, ms, s, m, h or d` };
  const exact = Number(match[1]) * MILLISECONDS[unit];
  const value = exact > 0 && exact < 1 ? 1 : Math.floor(exact);
  if (value > MAX_TIME_MS) return { ok: false, message: `'${text}' is too long: at most ${MAX_TIME_MS} ms (24 days)` };
  return { ok: true, value };
}

/** Bytes of `text`: a whole number and optionally k, m or g (powers of 1024). */
export function parseSize(text: string): Parsed<number> {
  const match = /^(\d+)([a-z]*)$/i.exec(text);
  const factor = match === null ? undefined : BYTES[(match[2] ?? '').toLowerCase()];
  if (match === null || factor === undefined) {
    return { ok: false, message: `'${text}' is not a size: expected a whole number with k, m or g` };
  }
  const value = Number(match[1]) * factor;
  if (!Number.isSafeInteger(value)) return { ok: false, message: `'${text}' is too large` };
  return { ok: true, value };
}

/** Milliseconds as the shortest text that `parseTime` reads back: 25000 is `25s`. */
export function formatTime(milliseconds: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (milliseconds > 0 && milliseconds % MILLISECONDS[unit] === 0) return `${milliseconds / MILLISECONDS[unit]}${unit}`;
  }
  return `${milliseconds}ms`;
}

function isTimeUnit(text: string | undefined): text is TimeUnit {
  return text !== undefined && Object.hasOwn(MILLISECONDS, text);
}
