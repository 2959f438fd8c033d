/** Keywords of `server` that say how its host name is looked up (HAProxy manual 5.2, 5.3). */
import { isIP } from 'node:net';
import { keyword, oneOf, parsed, parseName } from '../arguments.ts';
import type { Keyword } from '../arguments.ts';
import type { ServerKeywords } from '../draft.ts';
import type { Parsed } from '../units.ts';

/** `last,libc,none`: whether the system is asked first. */
function parseInitAddr(text: string): Parsed<boolean> {
  const methods = text.split(',');
  for (const method of methods) {
    if (isIP(method) !== 0) return { ok: false, message: `'${method}': an address to begin with is not supported by Pillion yet: use libc and none` };
    if (!['last', 'libc', 'none'].includes(method)) return { ok: false, message: `'${method}' is not a way to find the first address: expected last, libc or none` };
  }
  return { ok: true, value: methods.includes('libc') };
}

export const RESOLVE_KEYWORDS: readonly Keyword<ServerKeywords>[] = [
  keyword({
    name: 'init-addr', argument: parsed('methods', 'last, libc, none, with commas between them', parseInitAddr), default: 'last,libc',
    summary: "Who is asked for the first address: libc is the system; without it, 'resolvers' are. Where none is found, Pillion starts "
      + "in any case, as HAProxy does with none. last is for HAProxy's state file, which does not exist here.",
    set: (server: ServerKeywords, libc) => { server.initLibc = libc; },
  }),
  keyword({
    name: 'resolve-prefer', argument: oneOf('family', ['ipv4', 'ipv6']), default: 'ipv4',
    summary: "Which addresses a 'server-template' uses where a name has both kinds.",
    set: (server: ServerKeywords, family) => { server.preferIpv6 = family === 'ipv6'; },
  }),
  keyword({
    name: 'resolvers', argument: parsed('name', "the name of a 'resolvers' section", parseName), default: 'the system, every 5s',
    summary: "Who is asked for the addresses of a 'server-template', and how often. A 'server' is looked up by the system when it is connected to.",
    set: (server: ServerKeywords, name) => { server.resolvers = name; },
  }),
];
