/** The handshake of WebSocket where only one of the two sides has one (RFC 6455 §4.2.2, RFC 8441 §5). */
import { createHash, randomBytes } from 'node:crypto';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** A key for a server, where the client, which speaks HTTP/2, has sent none. */
export function newWebSocketKey(): string {
  return randomBytes(16).toString('base64');
}

/** What proves that a server has understood `key`. */
export function webSocketAccept(key: string): string {
  return createHash('sha1').update(key + GUID).digest('base64');
}
