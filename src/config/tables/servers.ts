/** `server`, `default-server`, `server-template` (HAProxy manual 4.2 and 5.2). */
import { parseServerAddress } from '../address.ts';
import { keywords, parseInteger, parseName, parsed } from '../arguments.ts';
import { proxyDirective } from '../directive.ts';
import { SERVER_KEYWORDS, UNSUPPORTED_SERVER_KEYWORDS } from './server-keywords.ts';
import type { Directive } from '../directive.ts';
import type { ProxyDraft } from '../draft.ts';
import type { Parsed } from '../units.ts';

/** Servers that one template can make; as many as HAProxy users ever wrote, and a bound on memory. */
const MAX_SLOTS = 10_000;

const serverKeywords = keywords('server', SERVER_KEYWORDS, UNSUPPORTED_SERVER_KEYWORDS);
const address = parsed('address', 'host:port, host, host:+n, [IPv6]:port, unix@path, /path or abns@name', parseServerAddress);

export const SERVER_DIRECTIVES: readonly Directive<ProxyDraft>[] = [
  proxyDirective({
    name: 'default-server', sections: ['defaults', 'listen', 'backend'], misplaced: 'error', origin: 'haproxy', default: 'none',
    arguments: [serverKeywords],
    summary: 'Keywords for all servers that follow in the section.', example: 'default-server check inter 1s',
    apply: (proxy, [set]) => set(proxy.settings.serverDefaults),
  }),
  proxyDirective({
    name: 'server', sections: ['listen', 'backend'], misplaced: 'error', origin: 'haproxy', default: 'none',
    arguments: [parsed('name', 'the name of the server', parseName), address, serverKeywords],
    summary: 'A server of this backend.',
    details: 'Without a port, or with port 0, the one that the client connected to is used, shifted by :+n or :-n; such a server cannot be checked. '
      + 'With 0.0.0.0, *, [::] or nothing as host, the address that the client connected to is used. A host name is one server, '
      + 'whatever number of addresses it has; server-template makes one of each.',
    example: 'server greeter1 10.0.0.7:50051 check weight 10',
    apply: (proxy, [name, to, set], { position }) => {
      const settings = { ...proxy.settings.serverDefaults };
      set(settings);
      proxy.servers.push({ name, address: to, keywords: settings, template: null, position });
    },
  }),
  proxyDirective({
    name: 'server-template', sections: ['listen', 'backend'], misplaced: 'error', origin: 'haproxy', default: 'none',
    arguments: [
      parsed('prefix', "what the servers' names begin with", parseName),
      parsed('number', 'how many servers there can be, or their numbers as a range a-b', parseSlots),
      address, serverKeywords,
    ],
    summary: 'A server for each address that a host name resolves to.',
    details: 'The name is resolved again and again: a new address becomes a server, one that is gone takes no new streams. Names are '
      + '<prefix> and a number. SRV records (a name that begins with "_") are not supported yet.',
    example: 'server-template web- 3 web:8000 check',
    apply: (proxy, [name, template, to, set], { report, position }) => {
      if (to.kind !== 'tcp' || to.host === '') return report.error("'server-template' needs a host name to resolve", position);
      if (to.host.startsWith('_')) return report.error('SRV records are not supported by Pillion yet', position);
      const settings = { ...proxy.settings.serverDefaults };
      set(settings);
      proxy.servers.push({ name, address: to, keywords: settings, template, position });
    },
  }),
];

function parseSlots(text: string): Parsed<{ first: number; slots: number }> {
  const range = /^(\d{1,7})-(\d{1,7})$/.exec(text);
  const first = range === null ? 1 : Number(range[1]);
  if (range !== null && Number(range[2]) < first) {
    return { ok: false, message: `the range '${text}' is empty: its end lies before its start` };
  }
  const slots = parseInteger(range === null ? text : String(Number(range[2]) - first + 1), 1, MAX_SLOTS);
  return slots.ok ? { ok: true, value: { first, slots: slots.value } } : { ok: false, message: `'${text}': ${slots.message}` };
}
