/** Directives of the `global` section (HAProxy manual 3). */
import { parseBindAddresses } from '../address.ts';
import { integer, parsed, size, time, word } from '../arguments.ts';
import { globalDirective } from '../directive.ts';
import { LOG_TARGET } from './log.ts';
import type { Argument, Directive } from '../directive.ts';
import type { GlobalDraft } from '../draft.ts';
import type { BindAddress } from '../model.ts';
import type { Parsed } from '../units.ts';

const ignoredStats = (name: string, argument: Argument<unknown>, summary: string, example: string): Directive<GlobalDraft> =>
  globalDirective({
    name: `stats ${name}`, arguments: [argument], summary, example, default: 'none', origin: 'haproxy',
    details: "Accepted so that existing files load. This version has no command socket: use 'admin' for metrics and probes.",
    apply: (global, _values, { report, position }) => {
      if (global.statsMet) return;
      global.statsMet = true;
      const message = `'stats ${name}' has no effect: this version of Pillion has no command socket`;
      report.remark('notice', message, position, "'admin <address>' serves metrics and probes over HTTP");
    },
  });

const restOfLine: Argument<null> = {
  usage: '<address> [<keyword>...]',
  describe: "<address>: a path or address, and HAProxy's bind keywords; none is looked at",
  take: (cursor, context) => {
    if (cursor.peek() === undefined) {
      context.report.error(`'${context.directive}' needs an address`, cursor.head);
      return undefined;
    }
    while (cursor.next() !== undefined) { /* accepted unseen */ }
    return null;
  },
};

export const GLOBAL_DIRECTIVES: readonly Directive<GlobalDraft>[] = [
  globalDirective({
    name: 'admin', arguments: [parsed('address', 'address:port or the path of a Unix socket', parseAdminAddress)], origin: 'pillion',
    summary: 'Serve /metrics, /ready and /live over HTTP.', default: 'none',
    details: 'Bind it to an address that only the pod, or its scraper, reaches: there is no authentication.',
    example: 'admin 0.0.0.0:9901',
    apply: (global, [address]) => { global.admin = address; },
  }),
  globalDirective({
    name: 'daemon', arguments: [], origin: 'haproxy', summary: 'Go to the background after the start.', default: 'foreground',
    details: "The command line's -db overrides it. In a container, stay in the foreground.", example: 'daemon',
    apply: (global) => { global.daemon = true; },
  }),
  globalDirective({
    name: 'grace', arguments: [time('time')], origin: 'haproxy', default: '0', example: 'grace 5s',
    summary: 'How long listeners go on accepting after the drain began.',
    details: 'Removal from endpoint lists lags behind the signal to stop; until then new connections still arrive.',
    apply: (global, [grace]) => { global.graceMs = grace; },
  }),
  globalDirective({
    name: 'hard-stop-after', arguments: [time('time', { min: 1 })], origin: 'haproxy', default: 'never', example: 'hard-stop-after 25s',
    summary: 'How long a drain may take; then what still runs is cut.',
    details: "Keep it below the platform's own deadline (Kubernetes: terminationGracePeriodSeconds).",
    apply: (global, [deadline]) => { global.hardStopAfterMs = deadline; },
  }),
  globalDirective({
    name: 'log', arguments: [LOG_TARGET], origin: 'haproxy', default: 'none', example: 'log stdout format raw local0 info',
    summary: "Where Pillion's own events go, and the lines of proxies with 'log global'.",
    details: 'May be repeated. One JSON line per stream; a syslog server gets it behind its header.',
    apply: (global, [target]) => { global.logs.push(target); },
    undo: (global) => { global.logs = []; },
  }),
  globalDirective({
    name: 'maxconn', arguments: [integer('connections', 0, 2 ** 31 - 1)], origin: 'haproxy', example: 'maxconn 20000',
    summary: 'Client connections at once, all frontends together.', default: '0: from the limit of open files',
    apply: (global, [connections]) => { global.maxconn = connections === 0 ? null : connections; },
  }),
  globalDirective({
    name: 'nbthread', arguments: [integer('number', 1, 64)], origin: 'haproxy', default: '1', example: 'nbthread 1',
    summary: 'Event loops in the process; this version runs one.',
    apply: (global, [threads], { report, position }) => {
      global.nbthread = threads;
      if (threads === 1) return;
      const message = `'nbthread ${threads}': this version of Pillion runs one event loop`;
      report.remark('notice', message, position, 'for more than one core, run more pods or processes');
    },
  }),
  globalDirective({
    name: 'otlp', arguments: [parsed('url', 'grpc://host:port or http(s)://host:port/v1/traces', parseOtlpUrl)], origin: 'pillion',
    summary: 'Send traces to this OpenTelemetry collector.', default: 'from OTEL_EXPORTER_OTLP_ENDPOINT',
    details: 'grpc:// is OTLP over gRPC, http:// and https:// are OTLP over HTTP. Sampling and headers: the OTEL_* variables.',
    example: 'otlp grpc://collector:4317',
    apply: (global, [url]) => { global.otlp = url; },
  }),
  globalDirective({
    name: 'pidfile', arguments: [word('path', 'the path of a file')], origin: 'haproxy', default: 'none',
    summary: 'Write the process id into this file.', details: "The command line's -p overrides it.", example: 'pidfile /run/pillion.pid',
    apply: (global, [path]) => { global.pidfile = path; },
  }),
  globalDirective({
    name: 'tune.bufsize', arguments: [size('octets')], origin: 'haproxy', default: '16384', example: 'tune.bufsize 1m',
    summary: 'Up to how many octets of body a request is held, so that it can be sent again.',
    details: 'A longer one is sent once. No less than 64k is held in any case, nor than has come before a server was found.',
    apply: (global, [octets]) => { global.bufferBytes = octets; },
  }),
  ignoredStats('socket', restOfLine, "HAProxy's command socket: accepted, without effect.", 'stats socket /run/haproxy.sock mode 600'),
  ignoredStats('timeout', time('time'), "Timeout of HAProxy's command socket: accepted, without effect.", 'stats timeout 10s'),
  ignoredStats(
    'maxconn', integer('connections', 1, 2 ** 31 - 1),
    "Connections to HAProxy's command socket: accepted, without effect.", 'stats maxconn 10',
  ),
];

function parseAdminAddress(text: string): Parsed<BindAddress> {
  const addresses = parseBindAddresses(text);
  if (!addresses.ok) return addresses;
  const [address] = addresses.value;
  if (address === undefined || addresses.value.length > 1) return { ok: false, message: `'${text}' is more than one address` };
  return { ok: true, value: address };
}

export function parseOtlpUrl(text: string): Parsed<string> {
  const url = URL.parse(text);
  // The parser of URLs would drop a line feed in silence.
  if (url === null || /[\p{Cc}\s]/u.test(text) || !['grpc:', 'http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    return { ok: false, message: `'${text}' is not a collector's URL: expected grpc://host:4317 or http://host:4318/v1/traces` };
  }
  return { ok: true, value: text };
}
