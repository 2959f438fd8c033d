/** Converters of dates (HAProxy manual 7.3.1). */
import { converter } from '../declare.ts';
import { formatTime } from '../strftime.ts';
import { asInt, fromConfiguration } from '../value.ts';
import type { Converter } from '../declare.ts';

/** Numbers beyond are no dates. */
const MAX_SECONDS = 8.64e12;

function date(value: unknown, offset: number, perSecond: number): Date | null {
  const seconds = Number(value) / perSecond + offset;
  return Math.abs(seconds) <= MAX_SECONDS ? new Date(Math.floor(seconds * 1000)) : null;
}

function formatted(name: string, utc: boolean, perSecond: number, unit: string): Converter {
  return converter(name, 'format:text [offset:int]', 'int', 'str', `A number of ${unit} since 1970 as ${utc ? 'UTC' : 'local time'}, in the format of strftime.`, (args) => {
    const format = args.text(0);
    return (value) => {
      const at = date(asInt(value), args.int(1, 0), perSecond);
      return at === null ? null : fromConfiguration(formatTime(format, at, utc, asInt(value) ?? 0, perSecond));
    };
  });
}

export const TIME_CONVERTERS: readonly Converter[] = [
  converter('http_date', '[offset:int] [unit:text]', 'int', 'str', 'A number of seconds (or ms, us) since 1970 as a date of HTTP (RFC 9110 §5.6.7).', (args) => (value) => {
    const perSecond = args.text(1) === 'ms' ? 1000 : args.text(1) === 'us' ? 1_000_000 : 1;
    return date(asInt(value), args.int(0, 0) / perSecond, perSecond)?.toUTCString() ?? null;
  }),
  formatted('ltime', false, 1, 'seconds'),
  formatted('ms_ltime', false, 1000, 'milliseconds'),
  formatted('ms_utime', true, 1000, 'milliseconds'),
  formatted('us_ltime', false, 1_000_000, 'microseconds'),
  formatted('us_utime', true, 1_000_000, 'microseconds'),
  formatted('utime', true, 1, 'seconds'),
];
