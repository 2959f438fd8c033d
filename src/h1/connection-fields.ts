/** Fields that concern one connection only and end at each hop (RFC 9110 §7.6.1, RFC 9113 §8.2.2). */
import type { Llhttp } from './llhttp.ts';

/** What a message says of its connection. */
export interface ConnectionSpeech {
  readonly close: boolean;
  readonly keepAlive: boolean;
  /** The protocol of `upgrade`, where `connection` names it too; empty: none. Several: the list as it stands. */
  readonly upgrade: string;
  /** `te` holds `trailers`. */
  readonly trailers: boolean;
  /** Further fields that `connection` names, or null. */
  readonly named: ReadonlySet<string> | null;
}

const SILENT: ConnectionSpeech = { close: false, keepAlive: false, upgrade: '', trailers: false, named: null };

/** Fields that no `connection` can take away: they are not for one hop, and leaving them out would change what the message is. */
const END_TO_END: ReadonlySet<string> = new Set(['host', 'content-length', 'content-type', 'content-encoding', 'authorization', 'cookie', 'set-cookie']);

/** Taken off at each hop, whether or not `connection` names them. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'te', 'http2-settings',
]);

export function isHopByHop(name: string, speech: ConnectionSpeech): boolean {
  return HOP_BY_HOP.has(name) || (speech.named !== null && speech.named.has(name));
}

export function connectionSpeech({ names, values }: Llhttp): ConnectionSpeech {
  let connection = '';
  let upgrade = '';
  let te = '';
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (name === 'connection') connection = connection === '' ? (values[i] as string) : `${connection},${values[i] as string}`;
    else if (name === 'upgrade') upgrade = upgrade === '' ? (values[i] as string) : `${upgrade},${values[i] as string}`;
    else if (name === 'te') te = te === '' ? (values[i] as string) : `${te},${values[i] as string}`;
  }
  if (connection === '' && te === '') return SILENT;
  const trailers = te !== '' && tokens(te).some((token) => token === 'trailers');
  if (connection === '') return trailers ? { ...SILENT, trailers } : SILENT;
  let close = false;
  let keepAlive = false;
  let upgrades = false;
  let named: Set<string> | null = null;
  for (const token of tokens(connection)) {
    if (token === 'close') close = true;
    else if (token === 'keep-alive') keepAlive = true;
    else if (token === 'upgrade') upgrades = true;
    else if (!END_TO_END.has(token)) (named ??= new Set()).add(token);
  }
  return { close, keepAlive, upgrade: upgrades ? upgrade : '', trailers, named };
}

/** The members of a comma-separated list, in lower case. */
function tokens(list: string): string[] {
  return list.toLowerCase().split(',').map((token) => token.trim()).filter((token) => token !== '');
}
