/** `log` (HAProxy manual 4.2): `log global`, or a target with its facility and levels. */
import { chooseWord, integer, required } from '../arguments.ts';
import { parseLogAddress } from '../address.ts';
import type { Argument, ArgumentContext, Cursor } from '../directive.ts';
import type { LogLevel, LogTarget } from '../model.ts';

export const LOG_LEVELS: readonly LogLevel[] = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

export const LOG_FACILITIES: readonly string[] = [
  'kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'auth2', 'ftp', 'ntp', 'audit', 'alert', 'cron2',
  'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7',
];

/** Clauses in front of the facility that Pillion does not know to follow yet. */
const UNSUPPORTED_CLAUSES = ['sample', 'profile'];
const LINE_LENGTH = integer('length', 80, 65_535);

export const LOG_TARGET: Argument<LogTarget> = {
  usage: '<target> [len <length>] [format raw|local] <facility> [<max-level> [<min-level>]]',
  describe: '<target>: stdout, stderr or fd@N (JSON lines, format raw), or address[:port] (syslog over UDP, port 514, format local); '
    + '<length>: octets at which lines are cut, 80 to 65535, by default never; '
    + `<facility>: ${LOG_FACILITIES.join(', ')}; <max-level>: the least severe that is logged, ${LOG_LEVELS.join(', ')}; `
    + '<min-level>: what is more severe is logged as this',
  take: takeTarget,
};

function takeTarget(cursor: Cursor, context: ArgumentContext): LogTarget | undefined {
  const address = required(cursor, context, 'a target: stdout, stderr, fd@N or the address of a syslog server');
  if (address === undefined) return undefined;
  const target = parseLogAddress(address.text);
  if (!target.ok) {
    context.report.error(target.message, address.position);
    return undefined;
  }
  let maxLength: number | undefined;
  if (cursor.peek()?.text === 'len') {
    cursor.next();
    maxLength = LINE_LENGTH.take(cursor, context);
    if (maxLength === undefined) return undefined;
  }
  if (!takeFormat(cursor, context, target.value.startsWith('udp:') ? 'local' : 'raw')) return undefined;
  const clause = cursor.peek();
  if (clause !== undefined && UNSUPPORTED_CLAUSES.includes(clause.text)) {
    context.report.error(`'${clause.text}' of 'log' is not supported by Pillion yet`, clause.position);
    return undefined;
  }
  const facilityToken = required(cursor, context, `a facility: ${LOG_FACILITIES.join(', ')}`);
  const facility = facilityToken && chooseWord(facilityToken, 'log facility', LOG_FACILITIES, [], context);
  if (facility === undefined) return undefined;
  const levelToken = cursor.next();
  const maxLevel = levelToken === undefined ? 'debug' : chooseWord(levelToken, 'log level', LOG_LEVELS, [], context);
  const minimum = cursor.next();
  const minLevel = minimum && chooseWord(minimum, 'log level', LOG_LEVELS, [], context);
  if (maxLevel === undefined || (minimum !== undefined && minLevel === undefined)) return undefined;
  return {
    target: target.value, facility, maxLevel, ...(minLevel === undefined ? {} : { minLevel }), ...(maxLength === undefined ? {} : { maxLength }),
  };
}

/** `format …`, where it stands: each kind of target has one so far. */
function takeFormat(cursor: Cursor, context: ArgumentContext, only: 'raw' | 'local'): boolean {
  if (cursor.peek()?.text !== 'format') return true;
  cursor.next();
  const token = required(cursor, context, "the format behind 'format'");
  if (token === undefined) return false;
  const others = ['raw', 'local', 'rfc3164', 'rfc5424', 'priority', 'short', 'timed', 'iso'].filter((format) => format !== only);
  return chooseWord(token, 'log format', [only], others, context) !== undefined;
}
