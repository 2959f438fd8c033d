/** Addresses as HAProxy writes them (manual 4.2 "bind", "server"; 3.1 "log"). Pure: text in, typed address or message out. */
import { isIPv4, isIPv6 } from 'node:net';
import type { BindAddress, ServerAddress, ServerPort } from './model.ts';
import type { Parsed } from './units.ts';

/** A port range takes one socket per port: more than this in one statement is a mistake. */
const MAX_RANGE = 4096;

/** Longest path of a Unix socket on Linux (sun_path without its NUL). */
const MAX_SOCKET_PATH = 107;

const UNSUPPORTED_PREFIX = /^(abnsz|sockpair|udp[46]?|quic[46]|mptcp[46]?|rhttp|ring|stream\+(?!fd|ipv|unix|abns)\w+|dgram\+\w+|uxst|uxdg|uxdp)@/;

/** The addresses of one `bind` word: a comma list, port ranges spread out. */
export function parseBindAddresses(text: string): Parsed<BindAddress[]> {
  const addresses: BindAddress[] = [];
  for (const part of text.split(',')) {
    const parsed = parseBindAddress(part);
    if (!parsed.ok) return parsed;
    addresses.push(...parsed.value);
    if (addresses.length > MAX_RANGE) return failed(`'${text}' names more than ${MAX_RANGE} ports`);
  }
  return { ok: true, value: addresses };
}

function parseBindAddress(written: string): Parsed<BindAddress[]> {
  // What else there is beside streams is not for 'bind'.
  const text = written.replace(/^stream\+(?=\w+@)/, '');
  const prefix = UNSUPPORTED_PREFIX.exec(text);
  if (prefix !== null) return failed(`addresses of the form '${prefix[0]}' are not supported by Pillion yet`);
  const local = parseLocalSocket(text);
  if (local !== null) return local.ok ? { ok: true, value: [local.value] } : local;
  const fd = /^fd@(\d{1,9})$/.exec(text);
  if (fd !== null) return { ok: true, value: [{ kind: 'fd', fd: Number(fd[1]) }] };
  if (text.startsWith('fd@')) return failed(`'${text}': 'fd@' is followed by the number of a file descriptor`);

  if (/^\d+$/.test(text)) return failed(`'${text}' is not an address: for a port alone, write :${text}`);
  const split = splitHostPort(text);
  if (!split.ok) return split;
  const { host, port } = split.value;
  if (port === '') return failed(`missing port in '${text}': expected address:port, such as :8080`);
  const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(port);
  const low = Number(range?.[1] ?? Number.NaN);
  const high = Number(range?.[2] ?? low);
  if (!isPort(low) || !isPort(high)) return failed(`'${port}' is not a port: expected 1 to 65535, or a range such as 8000-8010`);
  if (high < low) return failed(`the port range '${port}' is empty: its end lies before its start`);
  if (high - low >= MAX_RANGE) return failed(`the port range '${port}' is too large: at most ${MAX_RANGE} ports`);
  // `*` and 0.0.0.0 both mean all IPv4 addresses; the model has one spelling for that.
  const plain = host === '*' || host === '0.0.0.0' ? '' : host;
  const ports = Array.from({ length: high - low + 1 }, (_, index) => low + index);
  return { ok: true, value: ports.map((number) => ({ kind: 'tcp', host: plain, port: number })) };
}

/**
 * The address of a `server`: without a port the client's is used, `:+n` and `:-n` shift it. `0.0.0.0`, `*`, `::` and nothing mean the
 * address that the client connected to.
 */
export function parseServerAddress(written: string): Parsed<ServerAddress> {
  const text = written.replace(/^stream\+(?=\w+@)/, '');
  const prefix = UNSUPPORTED_PREFIX.exec(text);
  if (prefix !== null) return failed(`addresses of the form '${prefix[0]}' are not supported by Pillion yet`);
  if (text.startsWith('fd@')) return failed(`'${text}': 'fd@' is for 'bind', a server needs an address to connect to`);
  const local = parseLocalSocket(text);
  if (local !== null) return local;
  const split = splitHostPort(text);
  if (!split.ok) return split;
  const host = ['*', '0.0.0.0', '::'].includes(split.value.host) ? '' : split.value.host;
  const port = parseServerPort(split.value.port);
  return port.ok ? { ok: true, value: { kind: 'tcp', host, port: port.value } } : port;
}

function parseServerPort(text: string): Parsed<ServerPort> {
  if (text === '' || text === '0') return { ok: true, value: { kind: 'mapped', offset: 0 } };
  if (/^[+-]\d{1,5}$/.test(text)) return { ok: true, value: { kind: 'mapped', offset: Number(text) } };
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (isPort(port)) return { ok: true, value: { kind: 'fixed', port } };
  return failed(`'${text}' is not a port: expected 1 to 65535, or +n or -n relative to the client's port`);
}

/** Where `log` writes: `stdout`, `stderr`, `fd@N` or `udp://host:port`, as in the model. */
export function parseLogAddress(text: string): Parsed<string> {
  if (text === 'stdout' || text === 'fd@1') return { ok: true, value: 'stdout' };
  if (text === 'stderr' || text === 'fd@2') return { ok: true, value: 'stderr' };
  if (/^fd@\d{1,9}$/.test(text)) return { ok: true, value: text };
  const address = text.replace(/^udp[46]?@/, '');
  if (UNSUPPORTED_PREFIX.test(address) || /^(fd|abns|tcp[46]?|unix)@|^\//.test(address)) {
    // Node.js has no datagram sockets of the Unix family, which /dev/log is.
    return failed(`logging to '${text}' is not supported by Pillion yet: there are stdout, stderr, fd@N and syslog over UDP`);
  }
  const split = splitHostPort(address);
  if (!split.ok) return split;
  const { host, port } = split.value;
  if (host === '' || host === '*') return failed(`'${text}' has no host to log to`);
  const number = port === '' ? 514 : Number(port);
  if (!/^\d*$/.test(port) || !isPort(number)) return failed(`'${port}' is not a port: expected 1 to 65535`);
  return { ok: true, value: `udp://${isIPv6(host) ? `[${host}]` : host}:${number}` };
}

/** An address for messages and for `--print-config`: what `parseBindAddresses` reads back as this one address. */
export function formatBindAddress(address: BindAddress): string {
  switch (address.kind) {
    case 'tcp': return `${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`;
    case 'unix': return `unix@${address.path}`;
    case 'abstract': return `abns@${address.name}`;
    case 'fd': return `fd@${address.fd}`;
  }
}

function parseLocalSocket(text: string): Parsed<{ kind: 'unix'; path: string } | { kind: 'abstract'; name: string }> | null {
  if (text.startsWith('abns@')) {
    const name = text.slice('abns@'.length);
    if (name === '' || /\p{Cc}/u.test(name) || Buffer.byteLength(name) > MAX_SOCKET_PATH) {
      return failed(`'${text}': 'abns@' needs a name of 1 to ${MAX_SOCKET_PATH} bytes`);
    }
    return { ok: true, value: { kind: 'abstract', name } };
  }
  if (!text.startsWith('/') && !text.startsWith('unix@')) return null;
  const path = text.replace(/^unix@/, '');
  if (path === '' || /\p{Cc}/u.test(path) || Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    return failed(`'${text}': a Unix socket needs a path of 1 to ${MAX_SOCKET_PATH} bytes`);
  }
  return { ok: true, value: { kind: 'unix', path } };
}

/**
 * `host:port` at the last colon, so that IPv6 may stand bare (`::1:8080`) or in brackets; `port` is empty where there is none.
 * A bare word with dots or letters and no colon is a host alone. `ipv4@` and `ipv6@` fix the family of a literal.
 */
function splitHostPort(text: string): Parsed<{ host: string; port: string }> {
  const family = /^(ipv[46])@/.exec(text)?.[1] ?? null;
  const address = family === null ? text : text.slice('ipv4@'.length);
  if (address === '') return failed('the address is empty');
  if (/^\w+:\/\//.test(address)) return failed(`'${text}' is a URL: expected host:port`);
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(address);
  if (address.startsWith('[') && bracketed === null) return failed(`'${text}' is not an address: expected [IPv6]:port`);
  const colon = address.lastIndexOf(':');
  const host = bracketed?.[1] ?? (colon < 0 ? address : address.slice(0, colon));
  const port = bracketed !== null ? (bracketed[2] ?? '') : colon < 0 ? '' : address.slice(colon + 1);
  if (bracketed !== null && !isIPv6(host)) return failed(`'${host}' is not an IPv6 address`);
  if (!isHost(host)) return failed(`'${host}' is neither an IP address nor a host name`);
  if (family === 'ipv4' && !(isIPv4(host) || host === '*' || host === '')) return failed(`'${host}' is not an IPv4 address, as 'ipv4@' says`);
  if (family === 'ipv6' && host === '') return { ok: true, value: { host: '::', port } };
  if (family === 'ipv6' && !isIPv6(host)) return failed(`'${host}' is not an IPv6 address, as 'ipv6@' says`);
  return { ok: true, value: { host, port } };
}

function isHost(host: string): boolean {
  if (host === '' || host === '*' || isIPv4(host) || isIPv6(host)) return true;
  // What looks like an IPv4 literal must be one: 10.0.0.300 is a slip, not a name.
  if (host.length > 253 || /^[\d.]+$/.test(host)) return false;
  return host.replace(/\.$/, '').split('.').every((label) => /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label));
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65535;
}

function failed(message: string): { ok: false; message: string } {
  return { ok: false, message };
}
