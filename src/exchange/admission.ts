/**
 * What an accepted connection goes through before its protocol is looked at:
 *
 *      accept ──▶ PROXY header (accept-proxy, expect-proxy) ──▶ TLS handshake (ssl) ──▶ admitted
 *
 * How long it may take is the caller's business.
 */
import type { Socket } from 'node:net';
import type { TlsRecord } from '../model/tls.ts';
import type { ProxyHeader } from '../proxy-protocol/header.ts';
import { readProxyHeader } from '../proxy-protocol/read.ts';
import type { Proxied } from '../route/context.ts';
import type { TlsAcceptor } from '../tls/acceptor.ts';

export interface Admitted {
  readonly kind: 'admitted';
  /** The accepted one, or the one above its TLS; paused. */
  readonly socket: Socket;
  /** Who the client is, if somebody in front of us said so. */
  readonly header: ProxyHeader | null;
  readonly tls: TlsRecord | null;
  /** What was read already of what follows. */
  readonly first: Buffer | null;
}

export interface Refused {
  /** `silent`: the client has sent nothing at all, and is gone. */
  readonly kind: 'proxy' | 'tls' | 'silent';
  readonly reason: string;
}

/** What is known of both ends of a connection. */
export interface Ends {
  clientAddress: string;
  clientPort: number;
  localAddress: string;
  localPort: number;
  proxied: Proxied | null;
}

/** Puts what a header says in the place of what the socket said. */
export function takeAddresses(ends: Ends, header: ProxyHeader | null): void {
  if (header === null) return;
  const { clientAddress, clientPort, localAddress, localPort } = ends;
  const { authority = null, uniqueId = null } = header.told ?? {};
  ends.proxied = { authority, uniqueId, peer: { clientAddress, clientPort, localAddress, localPort } };
  if ( header.source === null || header.destination === null) return;
  ends.clientAddress = header.source.address;
  ends.clientPort = header.source.port;
  ends.localAddress = header.destination.address;
  ends.localPort = header.destination.port;
}

const SILENT: Refused = { kind: 'silent', reason: 'client closed the connection before it sent a request' };

export class Admission {
  readonly #socket: Socket;
  readonly #proxied: boolean;
  readonly #acceptor: TlsAcceptor | null;
  readonly #done: (result: Admitted | Refused) => void;
  #seen: Buffer | null = null;
  #header: ProxyHeader | null = null;
  #cancelHandshake: (() => void) | null = null;

  /** @param proxied a PROXY header comes first */
  constructor(socket: Socket, proxied: boolean, acceptor: TlsAcceptor | null, done: (result: Admitted | Refused) => void) {
    this.#socket = socket;
    this.#proxied = proxied;
    this.#acceptor = acceptor;
    this.#done = done;
  }

  /** What has been read of who the client is. */
  get header(): ProxyHeader | null {
    return this.#header;
  }

  /** What it waits for, for messages. */
  get step(): string {
    return this.#cancelHandshake === null ? 'PROXY protocol header' : 'TLS handshake';
  }

  /** Which counter a failure of the present step belongs to. */
  get kind(): 'proxy' | 'tls' {
    return this.#cancelHandshake === null ? 'proxy' : 'tls';
  }

  start(): void {
    this.#socket.on('error', ignore);
    if (this.#proxied) this.#awaitHeader();
    else this.#handshake();
  }

  /** Nothing will be answered any more; the socket is the caller's to destroy. */
  cancel(): void {
    this.#leaveSocket();
    this.#cancelHandshake?.();
  }

  #awaitHeader(): void {
    const socket = this.#socket;
    socket.on('data', this.#onBytes);
    socket.on('end', this.#onGone);
    socket.on('close', this.#onGone);
    socket.resume();
  }

  readonly #onBytes = (chunk: Buffer): void => {
    const seen = this.#seen === null ? chunk : Buffer.concat([this.#seen, chunk]);
    this.#seen = seen;
    const result = readProxyHeader(seen);
    switch (result.kind) {
      case 'more':
        return;
      case 'invalid':
        this.#leaveSocket();
        this.#done({ kind: 'proxy', reason: `PROXY protocol: ${result.reason}` });
        return;
      case 'header':
        this.#leaveSocket();
        this.#header = result.header;
        this.#seen = result.length < seen.length ? seen.subarray(result.length) : null;
        this.#handshake();
    }
  };

  readonly #onGone = (): void => {
    this.#leaveSocket();
    const missing = 'PROXY protocol: the connection was closed before the header was complete';
    this.#done(this.#seen === null ? SILENT : { kind: 'proxy', reason: missing });
  };

  #leaveSocket(): void {
    const socket = this.#socket;
    socket.off('data', this.#onBytes);
    socket.off('end', this.#onGone);
    socket.off('close', this.#onGone);
    socket.pause();
  }

  #handshake(): void {
    const socket = this.#socket;
    const first = this.#seen;
    if (this.#acceptor === null) {
      this.#done({ kind: 'admitted', socket, header: this.#header, tls: null, first });
      return;
    }
    if (first !== null) socket.unshift(first);
    this.#cancelHandshake = this.#acceptor.accept(socket, (result) => {
      if (result.kind === 'done') this.#done({ kind: 'admitted', socket: result.socket, header: this.#header, tls: result.record, first: null });
      else if (first === null && socket.bytesRead === 0) this.#done(SILENT);
      else this.#done({ kind: 'tls', reason: `TLS handshake: ${result.reason}` });
    });
  }
}

function ignore(): void {}
