/** `stats …`: the statistics page (HAProxy manual 4.2). Each of them switches the page on. */
import { compileCondition, type Condition } from '../../route/condition.ts';
import { chooseWord, optional, parsed, time, word } from '../arguments.ts';
import { proxyDirective } from '../directive.ts';
import { DEFAULT_STATS, type StatsRule, type StatsSettings } from '../stats-settings.ts';
import { CONDITION, remaining } from './rule-words.ts';
import type { ApplyContext, Directive } from '../directive.ts';
import type { ProxyDraft } from '../draft.ts';
import type { Token } from '../lexer.ts';

const SECTIONS = ['defaults', 'frontend', 'listen', 'backend'] as const;
const ORIGIN = 'haproxy';

const uri = parsed('prefix', 'what the URI of the page begins with, such as /stats', (text) =>
  (text.startsWith('/') ? { ok: true, value: text } : { ok: false, message: `'${text}' does not begin with '/': no request has such a URI` }));

const user = parsed('user:password', 'a name and a password', (text) => {
  const colon = text.indexOf(':');
  if (colon <= 0) return { ok: false, message: `'${text}' is not <user>:<password>` };
  return { ok: true, value: { name: text.slice(0, colon), password: text.slice(colon + 1) } };
});

function change(proxy: ProxyDraft, changes: Partial<StatsSettings>): void {
  proxy.settings.stats = { ...(proxy.settings.stats ?? DEFAULT_STATS), ...changes };
}

/** null: none is written; undefined: it was wrong, and reported. */
function condition(proxy: ProxyDraft, words: readonly Token[], { path, report, position }: ApplyContext): Condition | null | undefined {
  const [first] = words;
  if (first === undefined) return null;
  if (first.text !== 'if' && first.text !== 'unless') {
    report.error(`unexpected '${first.text}': only 'if' or 'unless' and a condition may follow`, first.position ?? position);
    return undefined;
  }
  proxy.rules.scope.path = path;
  return compileCondition(words, 'request', proxy.rules.scope) ?? undefined;
}

export const STATS_DIRECTIVES: readonly Directive<ProxyDraft>[] = [
  proxyDirective({
    name: 'stats admin', sections: SECTIONS, origin: ORIGIN, default: 'nobody',
    arguments: [remaining('if|unless <condition>', '<condition>: such as TRUE, LOCALHOST or { src 10.0.0.0/8 }')],
    summary: 'Who may change the state of servers on the page, and end what runs on them.',
    details: 'Several lines: any of them. A form that another site sent is refused.', example: 'stats admin if LOCALHOST',
    apply: (proxy, [words], context) => {
      const compiled = condition(proxy, words, context);
      if (compiled === null) context.report.error("'stats admin' needs 'if' or 'unless' and a condition", context.position, "'stats admin if TRUE' lets everybody who sees the page");
      else if (compiled !== undefined) change(proxy, { admin: [...(proxy.settings.stats?.admin ?? []), compiled] });
    },
  }),
  proxyDirective({
    name: 'stats auth', sections: SECTIONS, origin: ORIGIN, default: 'everybody may look', arguments: [user],
    summary: 'Who may look at the page, by basic authentication. May be repeated.',
    details: 'Name and password pass as they are: use TLS, or a network of your own.', example: 'stats auth admin:secret',
    apply: (proxy, [one]) => change(proxy, { users: [...(proxy.settings.stats?.users ?? []), one] }),
  }),
  proxyDirective({
    name: 'stats enable', sections: SECTIONS, origin: ORIGIN, default: 'off', arguments: [],
    summary: 'Serve the page of statistics, in HTTP/1 and HTTP/2.',
    details: 'It shows all proxies. CSV is at the URI with ;csv behind it.', example: 'stats enable',
    apply: (proxy) => change(proxy, {}),
    undo: (proxy) => { proxy.settings.stats = null; },
  }),
  proxyDirective({
    name: 'stats hide-version', sections: SECTIONS, origin: ORIGIN, default: 'off', arguments: [],
    summary: "The page does not tell Pillion's version.", example: 'stats hide-version',
    apply: (proxy) => change(proxy, { hideVersion: true }),
    undo: (proxy) => { if (proxy.settings.stats !== null) change(proxy, { hideVersion: false }); },
  }),
  proxyDirective({
    name: 'stats http-request', sections: SECTIONS, origin: ORIGIN, default: 'none',
    arguments: [remaining(`allow|deny|auth [realm <realm>] ${CONDITION}`, 'auth: ask for name and password')],
    summary: 'Who may look at the page: the first rule whose condition holds counts.', example: 'stats http-request deny unless LOCALHOST',
    apply: (proxy, [words], context) => {
      const rule = statsRule(proxy, words, context);
      if (rule !== undefined) change(proxy, { rules: [...(proxy.settings.stats?.rules ?? []), rule] });
    },
  }),
  proxyDirective({
    name: 'stats realm', sections: SECTIONS, origin: ORIGIN, default: 'HAProxy Statistics', arguments: [word('realm', 'a text')],
    summary: 'What the browser shows when it asks for name and password.', example: String.raw`stats realm My\ Statistics`,
    apply: (proxy, [realm]) => change(proxy, { realm }),
  }),
  proxyDirective({
    name: 'stats refresh', sections: SECTIONS, origin: ORIGIN, default: 'never', arguments: [time('delay', { defaultUnit: 's' })],
    summary: 'How often browsers load the page anew; ;norefresh behind the URI switches it off.', example: 'stats refresh 10s',
    apply: (proxy, [delay]) => change(proxy, { refreshSeconds: delay < 1000 ? null : Math.floor(delay / 1000) }),
  }),
  proxyDirective({
    name: 'stats scope', sections: SECTIONS, origin: ORIGIN, default: 'all proxies', arguments: [word('name', "a proxy's name, or . for this one")],
    summary: 'A proxy that the page shows; with one such line it shows no other. May be repeated.', example: 'stats scope .',
    apply: (proxy, [name]) => change(proxy, { scope: [...(proxy.settings.stats?.scope ?? []), name] }),
  }),
  proxyDirective({
    name: 'stats show-desc', sections: SECTIONS, origin: ORIGIN, default: 'off', arguments: [remaining('[<description>]', "without: the global section's")],
    summary: 'Show a description of the process.', example: 'stats show-desc Payments, zone A',
    apply: (proxy, [words]) => change(proxy, { description: words.map(({ text }) => text).join(' ') }),
  }),
  proxyDirective({
    name: 'stats show-legends', sections: SECTIONS, origin: ORIGIN, default: 'off', arguments: [],
    summary: 'Show addresses, cookies, algorithms and numbers of servers and proxies.', example: 'stats show-legends',
    apply: (proxy) => change(proxy, { legends: true }),
  }),
  proxyDirective({
    name: 'stats show-node', sections: SECTIONS, origin: ORIGIN, default: 'off',
    arguments: [optional(word('name', "without: the global section's, or the host's"), '')],
    summary: 'Show the name of the host.', example: 'stats show-node',
    apply: (proxy, [name]) => change(proxy, { node: name }),
  }),
  proxyDirective({
    name: 'stats uri', sections: SECTIONS, origin: ORIGIN, default: '/haproxy?stats', arguments: [uri],
    summary: 'Where the page is: what the URI begins with.', example: 'stats uri /stats',
    apply: (proxy, [prefix]) => change(proxy, { uri: prefix }),
  }),
];

function statsRule(proxy: ProxyDraft, words: readonly Token[], context: ApplyContext): StatsRule | undefined {
  const { report, position } = context;
  const [first, ...rest] = words;
  if (first === undefined) {
    report.error("'stats http-request' needs allow, deny or auth", position);
    return undefined;
  }
  const action = chooseWord(first, 'action', ['allow', 'deny', 'auth'], [], { report, directive: 'stats http-request' });
  if (action === undefined) return undefined;
  let realm: string | null = null;
  if (action === 'auth' && rest[0]?.text === 'realm') {
    realm = rest[1]?.text ?? null;
    if (realm === null) report.error("'realm' needs a text", rest[0].position);
    rest.splice(0, 2);
  }
  const compiled = condition(proxy, rest, context);
  return compiled === undefined ? undefined : { action, realm, condition: compiled };
}
