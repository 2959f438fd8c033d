/** `option …` (HAProxy manual 4.2), and our `option grpc-check`. */
import { chooseWord, integer, optional, required } from '../arguments.ts';
import { proxyDirective } from '../directive.ts';
import type { Argument, Directive } from '../directive.ts';
import type { ProxyDraft } from '../draft.ts';
import type { GrpcCheckSettings } from '../model.ts';

const METHODS = ['watch', 'check'] as const;

const grpcCheck: Argument<GrpcCheckSettings> = {
  usage: '[service <name>] [watch|check]',
  describe: '<name>: the service to ask for (default: the server as a whole); watch: by Watch only; check: by Check only',
  take: (cursor, context) => {
    let service = '';
    let method: GrpcCheckSettings['method'] = 'auto';
    for (let token = cursor.next(); token !== undefined; token = cursor.next()) {
      if (token.text === 'service') {
        cursor.head = token.position;
        const name = required(cursor, { ...context, directive: 'service' }, 'the name of a gRPC service');
        if (name === undefined) return undefined;
        service = name.text;
      } else {
        const chosen = chooseWord(token, "argument of 'option grpc-check'", [...METHODS, 'service'], [], context);
        if (chosen === undefined || chosen === 'service') return undefined;
        method = chosen;
      }
    }
    return { service, method };
  },
};

const SAME_LINE = 'The JSON line has the fields of what it tells of, stream or connection, with or without this option.';

/** `clf`: HAProxy's other line format. */
const noFormat: Argument<null> = {
  usage: '', describe: '',
  take: (cursor, context) => {
    const token = cursor.peek();
    if (token?.text !== 'clf') return null;
    context.report.error(`'clf' of '${context.directive}' is not supported by Pillion yet`, token.position, 'lines are JSON: leave it out');
    return undefined;
  },
};

export const OPTION_DIRECTIVES: readonly Directive<ProxyDraft>[] = [
  proxyDirective({
    name: 'option dontlognull', sections: ['defaults', 'frontend', 'listen'], arguments: [], origin: 'haproxy', default: 'off',
    summary: 'No line for connections that carried nothing, such as port probes.', example: 'option dontlognull',
    apply: (proxy) => { proxy.settings.dontLogNull = true; },
    undo: (proxy) => { proxy.settings.dontLogNull = false; },
  }),
  proxyDirective({
    name: 'option grpc-check', sections: ['defaults', 'listen', 'backend'], arguments: [grpcCheck], origin: 'pillion', default: 'off',
    summary: "Servers with 'check' are checked by the gRPC health protocol (grpc.health.v1).",
    details: 'Without watch or check: Watch, so that a change is known at once, and Check where the server does not implement Watch. '
      + 'A server that answers NOT_SERVING gets no new streams; those that run go on.',
    example: 'option grpc-check service helloworld.Greeter',
    apply: (proxy, [settings], { position }) => {
      proxy.settings.grpcCheck = settings;
      proxy.settings.httpCheckOn = false;
      proxy.grpcCheckPosition = position;
    },
    undo: (proxy) => {
      proxy.settings.grpcCheck = null;
      proxy.grpcCheckPosition = null;
    },
  }),
  proxyDirective({
    name: 'option httplog', sections: ['defaults', 'frontend', 'listen'], arguments: [noFormat], origin: 'haproxy', default: 'off',
    summary: "HAProxy's choice of the HTTP line: method, path, status.", details: SAME_LINE, example: 'option httplog',
    apply: (proxy) => { proxy.settings.logFormat = 'http'; },
  }),
  proxyDirective({
    name: 'option httpslog', sections: ['defaults', 'frontend', 'listen'], arguments: [noFormat], origin: 'haproxy', default: 'off',
    summary: "HAProxy's choice of the HTTP line with TLS: version, cipher, certificate.", details: SAME_LINE, example: 'option httpslog',
    apply: (proxy) => { proxy.settings.logFormat = 'http'; },
  }),
  proxyDirective({
    name: 'option logasap', sections: ['defaults', 'frontend', 'listen'], arguments: [], origin: 'haproxy', default: 'off',
    summary: "The line of a stream is written when its response begins, that of a raw connection when the server is connected.",
    details: 'For calls and downloads that last: their bytes, messages and total time are those up to then, and a gRPC status in trailers is not known yet. '
      + 'Traces and metrics wait for the end.',
    example: 'option logasap',
    apply: (proxy) => { proxy.settings.logAsap = true; },
    undo: (proxy) => { proxy.settings.logAsap = false; },
  }),
  proxyDirective({
    name: 'option log-health-checks', sections: ['defaults', 'listen', 'backend'], arguments: [], origin: 'haproxy', default: 'off',
    summary: 'Log each health check whose result differs from the last one, or brings a server nearer to a change of state.',
    details: "The line goes where the 'log' lines of the global section send those of servers that change.", example: 'option log-health-checks',
    apply: (proxy) => { proxy.settings.logHealthChecks = true; },
    undo: (proxy) => { proxy.settings.logHealthChecks = false; },
  }),
  proxyDirective({
    name: 'option redispatch', sections: ['defaults', 'listen', 'backend'], origin: 'haproxy', default: '1',
    arguments: [optional(integer('interval', -1_000_000, 1_000_000), -1)],
    summary: 'Which retries may leave the server that a cookie, a stick table or a hash has chosen.',
    details: 'n: every n-th retry. -1, which is meant without a number: the last one; -2: the one before it. Where the server was '
      + "nobody's choice, or where it is down, any retry goes to another one. 0, and no option redispatch: none ever does; the same server is "
      + 'tried again, after a failed connect once timeout connect or a second has passed.',
    example: 'option redispatch 1',
    apply: (proxy, [interval]) => { proxy.settings.redispatch = interval; },
    undo: (proxy) => { proxy.settings.redispatch = 0; },
  }),
  proxyDirective({
    name: 'option tcplog', sections: ['defaults', 'frontend', 'listen'], arguments: [noFormat], origin: 'haproxy', default: 'off',
    summary: "HAProxy's choice of the TCP line: times, bytes.", details: SAME_LINE, example: 'option tcplog',
    apply: (proxy) => { proxy.settings.logFormat = 'tcp'; },
  }),
];
