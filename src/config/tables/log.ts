/** `log` (HAProxy manual 4.2): `log global`, or a target with its facility and levels. */
import { chooseWord, parseInteger, required } from '../arguments.ts';
import { parseLogAddress } from '../address.ts';
import type { Argument, ArgumentContext, Cursor } from '../directive.ts';
import type { LogLevel, LogTarget } from '../model.ts';

export const LOG_LEVELS: readonly LogLevel[] = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

export const LOG_FACILITIES: readonly string[] = [
  'kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'auth2', 'ftp', 'ntp', 'audit', 'alert', 'cron2',
  'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7',
];

const FORMATS = ['raw', 'local', 'rfc3164', 'rfc5424'] as const;
const UNSUPPORTED_FORMATS = ['priority', 'short', 'timed', 'iso'];

export const LOG_TARGET: Argument<LogTarget> = {
  usage: '<target> [len <bytes>] [format <format>] <facility> [<max-level> [<min-level>]]',
  describe: `<target>: stdout, stderr, address[:port] (UDP, port 514) or the path of a Unix socket; <format>: ${FORMATS.join(', ')}; `
    + `<facility>: ${LOG_FACILITIES.join(', ')}; levels: ${LOG_LEVELS.join(', ')}`,
  take: takeTarget,
};

function takeTarget(cursor: Cursor, context: ArgumentContext): LogTarget | undefined {
  const address = required(cursor, context, 'a target: stdout, stderr, an address or the path of a socket');
  if (address === undefined) return undefined;
  const target = parseLogAddress(address.text);
  if (!target.ok) {
    context.report.error(target.message, address.position);
    return undefined;
  }
  const stream = target.value === 'stdout' || target.value === 'stderr';
  let format: LogTarget['format'] = stream ? 'raw' : 'local';
  let maxLength = stream ? null : 1024;
  for (let token = cursor.peek(); token !== undefined; token = cursor.peek()) {
    if (token.text === 'len') {
      cursor.next();
      const value = required(cursor, context, "the length behind 'len'");
      if (value === undefined) return undefined;
      const length = parseInteger(value.text, 80, 65535);
      if (!length.ok) {
        context.report.error(length.message, value.position);
        return undefined;
      }
      maxLength = length.value;
    } else if (token.text === 'format') {
      cursor.next();
      const value = required(cursor, context, "the format behind 'format'");
      const chosen = value && chooseWord(value, 'log format', FORMATS, UNSUPPORTED_FORMATS, context);
      if (value === undefined || chosen === undefined) return undefined;
      if (stream !== (chosen === 'raw')) {
        const message = stream
          ? `log format '${chosen}' on ${target.value} is not supported by Pillion yet: lines there are JSON`
          : "log format 'raw' to a syslog server is not supported by Pillion yet";
        context.report.error(message, value.position, stream ? "leave it out, or write 'format raw'" : 'use local, rfc3164 or rfc5424');
        return undefined;
      }
      format = chosen;
    } else if (token.text === 'sample' || token.text === 'profile') {
      context.report.error(`'${token.text}' of 'log' is not supported by Pillion yet`, token.position);
      return undefined;
    } else break;
  }
  const facilityToken = required(cursor, context, `a facility: ${LOG_FACILITIES.join(', ')}`);
  const facility = facilityToken && chooseWord(facilityToken, 'log facility', LOG_FACILITIES, [], context);
  if (facility === undefined) return undefined;
  const maxLevel = takeLevel(cursor, context, 'debug');
  const minLevel = maxLevel && takeLevel(cursor, context, 'emerg');
  if (maxLevel === undefined || minLevel === undefined) return undefined;
  return { target: target.value, facility, maxLevel, minLevel, format, maxLength };
}

function takeLevel(cursor: Cursor, context: ArgumentContext, fallback: LogLevel): LogLevel | undefined {
  const token = cursor.next();
  return token === undefined ? fallback : chooseWord(token, 'log level', LOG_LEVELS, [], context);
}
