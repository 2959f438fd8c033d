/** TLS in the `global` section (HAProxy manual 3.1). */
import { chooseWord, keywords, oneOf, required, word } from '../arguments.ts';
import { globalDirective } from '../directive.ts';
import { bindOptionKeywords, protocolKeywords } from './tls-keywords.ts';
import type { Argument, Directive } from '../directive.ts';
import type { GlobalDraft } from '../draft.ts';
import type { GlobalTlsDraft, ProtocolDraft } from '../tls-draft.ts';

function edit(global: GlobalDraft, change: Partial<GlobalTlsDraft>): void {
  global.tls = { ...global.tls, ...change };
}

type TextSetting = 'ciphers' | 'ciphersuites' | 'curves' | 'sigalgs';

const TEXTS: readonly { readonly setting: TextSetting; readonly what: string; readonly example: string }[] = [
  { setting: 'ciphers', what: 'ciphers of TLS 1.2 and older', example: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256' },
  { setting: 'ciphersuites', what: 'cipher suites of TLS 1.3', example: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256' },
  { setting: 'curves', what: 'groups for the key exchange', example: 'X25519:prime256v1' },
  { setting: 'sigalgs', what: 'signature algorithms', example: 'ECDSA+SHA256:RSA-PSS+SHA256' },
];

const texts: readonly Directive<GlobalDraft>[] = (['bind', 'server'] as const).flatMap((side) =>
  TEXTS.map(({ setting, what, example }) =>
    globalDirective({
      name: `ssl-default-${side}-${setting}`, arguments: [word(setting, 'names separated by colons')], origin: 'haproxy',
      default: "the library's", example: `ssl-default-${side}-${setting} ${example}`,
      summary: `The ${what} of each '${side}' line that has no '${setting}'.`,
      apply: (global, [value]) => edit(global, { [side]: { ...global.tls[side], [setting]: value } satisfies ProtocolDraft }),
    }),
  ),
);

const EXTRA_FILES = ['all', 'none', 'bundle', 'key', 'issuer', 'ocsp', 'sctl'] as const;
const UNREAD_FILES: readonly string[] = ['issuer', 'ocsp', 'sctl'];

const extraFiles: Argument<readonly string[]> = {
  usage: '<kind>...',
  describe: `<kind>: ${EXTRA_FILES.join(', ')}`,
  take: (cursor, context) => {
    const kinds: string[] = [];
    for (let token = required(cursor, context, `one of ${EXTRA_FILES.join(', ')}`); token !== undefined; token = cursor.next()) {
      const kind = chooseWord(token, 'kind of file', [...EXTRA_FILES], [], context);
      if (kind === undefined) return undefined;
      kinds.push(kind);
    }
    return kinds.length === 0 ? undefined : kinds;
  },
};

export const TLS_DIRECTIVES: readonly Directive<GlobalDraft>[] = [
  globalDirective({
    name: 'ca-base', arguments: [word('directory', 'a directory')], origin: 'haproxy', default: 'none', example: 'ca-base /etc/ssl/certs',
    summary: "Where relative paths of 'ca-file' and 'crl-file' begin.",
    apply: (global, [caBase]) => edit(global, { caBase }),
  }),
  globalDirective({
    name: 'crt-base', arguments: [word('directory', 'a directory')], origin: 'haproxy', default: 'none', example: 'crt-base /etc/tls',
    summary: "Where relative paths of 'crt' and 'crt-list' begin.",
    apply: (global, [crtBase]) => edit(global, { crtBase }),
  }),
  globalDirective({
    name: 'ssl-default-bind-options', origin: 'haproxy', default: 'none', example: 'ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets',
    arguments: [keywords('option', bindOptionKeywords<GlobalDraft>((global, change) => edit(global, { bind: change(global.tls.bind) })), new Map())],
    summary: "Options of every 'bind' line; the line's own words win.",
    apply: (global, [set]) => set(global),
  }),
  globalDirective({
    name: 'ssl-default-server-options', origin: 'haproxy', default: 'none', example: 'ssl-default-server-options ssl-min-ver TLSv1.2',
    arguments: [keywords('option', protocolKeywords<GlobalDraft>((global, change) => edit(global, { server: change(global.tls.server) })), new Map())],
    summary: "Options of every 'server' line; the line's own words win.",
    apply: (global, [set]) => set(global),
  }),
  globalDirective({
    name: 'ssl-server-verify', arguments: [oneOf('verification', ['none', 'required'])], origin: 'haproxy', default: 'required',
    summary: "Whether certificates of servers without a 'verify' of their own are verified.", example: 'ssl-server-verify required',
    apply: (global, [verify]) => edit(global, { serverVerify: verify === 'required' }),
  }),
  globalDirective({
    name: 'ssl-load-extra-del-ext', arguments: [], origin: 'haproxy', default: 'as if it were there', example: 'ssl-load-extra-del-ext',
    summary: 'The key of FILE.crt is looked for in FILE.key, too.', details: 'So it is in any case, with whatever ending FILE has.',
    apply: () => {}, undo: () => {},
  }),
  globalDirective({
    name: 'ssl-load-extra-files', arguments: [extraFiles], origin: 'haproxy', default: 'bundle key', example: 'ssl-load-extra-files bundle key',
    summary: 'What is looked for beside the file of a certificate: its key, and certificates by kind of key (FILE.rsa, FILE.ecdsa, FILE.dsa).',
    details: 'Both are looked for where FILE has no key, or does not exist, in any case. Responses of OCSP, lists of certificate transparency and '
      + 'files of issuers are not: a warning says so where they are named.',
    apply: (_global, [kinds], { report, position }) => {
      const missing = kinds.filter((kind) => UNREAD_FILES.includes(kind));
      if (missing.length > 0) report.warning(`'ssl-load-extra-files ${missing.join(' ')}' has no effect`, position, 'clients ask the issuer itself, and chains belong into the file of the certificate');
    },
    undo: () => {},
  }),
  ...texts,
];
