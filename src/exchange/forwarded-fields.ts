/** Fields that tell servers of the client: x-forwarded-for, x-original-to and forwarded (RFC 7239). They hold for a connection, but for `host`. */
import { BlockList, isIP } from 'node:net';
import type { ForwardedParameter, ForwardForSettings, Network } from '../config/forwarded-settings.ts';
import { FieldList } from '../model/fields.ts';
import type { ConnectionRecord } from '../model/records.ts';

const X_FORWARDED_FOR = 'x-forwarded-for';
const X_ORIGINAL_TO = 'x-original-to';

export interface ForwardedSettings {
  /** Of the frontend; null: off. */
  readonly front: ForwardForSettings | null;
  /** Of the backend. */
  readonly back: ForwardForSettings | null;
  /** `option originalto` of the frontend, and of the backend. */
  readonly frontTo: ForwardForSettings | null;
  readonly backTo: ForwardForSettings | null;
  readonly forwarded: readonly ForwardedParameter[] | null;
}

/** Networks as they are looked up, by their settings. */
const blocks = new WeakMap<Network, BlockList>();

/** What is added to a request, or null. */
export function forwardedFields(settings: ForwardedSettings, connection: ConnectionRecord, request: FieldList): FieldList | null {
  const { front, back, frontTo, backTo, forwarded } = settings;
  const { clientAddress, localAddress } = connection;
  const pairs: [string, string][] = [];
  if ((front !== null || back !== null) && clientAddress !== '' && !isExcepted(front, clientAddress) && !isExcepted(back, clientAddress)) {
    const name = back?.header ?? front?.header ?? X_FORWARDED_FOR;
    const ifNone = (front ?? back)?.ifNone === true && (back ?? front)?.ifNone === true;
    if (!ifNone || request.get(name) === undefined) pairs.push([name, clientAddress]);
  }
  if ((frontTo !== null || backTo !== null) && localAddress !== '' && !isExcepted(frontTo, localAddress) && !isExcepted(backTo, localAddress)) {
    pairs.push([backTo?.header ?? frontTo?.header ?? X_ORIGINAL_TO, localAddress]);
  }
  if (forwarded !== null) {
    const value = forwardedValue(forwarded, connection, request);
    if (value !== '') pairs.push(['forwarded', value]);
  }
  return pairs.length === 0 ? null : FieldList.of(...pairs);
}

function isExcepted(settings: ForwardForSettings | null, address: string): boolean {
  const except = settings?.except ?? null;
  const version = isIP(address);
  if (except === null || version === 0) return false;
  let list = blocks.get(except);
  if (list === undefined) {
    list = new BlockList();
    list.addSubnet(except.address, except.prefix, except.family);
    blocks.set(except, list);
  }
  return list.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

function forwardedValue(parameters: readonly ForwardedParameter[], connection: ConnectionRecord, request: FieldList): string {
  const has = (parameter: ForwardedParameter): boolean => parameters.includes(parameter);
  const parts: string[] = [];
  if (has('proto')) parts.push(`proto=${connection.tls === null ? 'http' : 'https'}`);
  const host = request.get(':authority') ?? request.get('host') ?? '';
  if (has('host') && host !== '') parts.push(`host=${quoted(host)}`);
  if (has('by')) parts.push(`by=${node(connection.localAddress, has('by_port') ? connection.localPort : null)}`);
  if (has('for')) parts.push(`for=${node(connection.clientAddress, has('for_port') ? connection.clientPort : null)}`);
  return parts.join(';');
}

/** RFC 7239 §6: an address, IPv6 in brackets, and perhaps a port; colons and brackets are quoted. */
function node(address: string, port: number | null): string {
  const name = address === '' ? 'unknown' : isIP(address) === 6 ? `[${address}]` : address;
  return quoted(port === null || address === '' ? name : `${name}:${port}`);
}

/** A token as it is, all else as a quoted string (RFC 9110 §5.6.4). */
function quoted(text: string): string {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
