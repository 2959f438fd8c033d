/** A socket that says exactly what a test tells it to, in either role of HTTP/2. */
import { EventEmitter, once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ACK, CLIENT_PREFACE, FrameParser, GOAWAY, ping, PING, RST_STREAM, settings, SETTINGS, settingsAck, type Frame } from './frames.ts';

export class RawPeer extends EventEmitter {
  readonly socket: Socket;
  /** Frames that came and were not taken yet. */
  readonly frames: Frame[] = [];
  /** Everything that came, in order. */
  readonly seen: Frame[] = [];
  ended = false;
  readonly #parser = new FrameParser();
  /** Of a client's preface, what has not come yet. */
  #prefaceLeft: number;

  constructor(socket: Socket, expectPreface: boolean) {
    super();
    this.socket = socket;
    this.#prefaceLeft = expectPreface ? CLIENT_PREFACE.length : 0;
    this.setMaxListeners(0);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => {});
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
  }

  #end(): void {
    this.ended = true;
    this.emit('change');
  }

  #read(chunk: Buffer): void {
    const skipped = Math.min(this.#prefaceLeft, chunk.length);
    this.#prefaceLeft -= skipped;
    const frames = this.#parser.push(chunk.subarray(skipped));
    this.frames.push(...frames);
    this.seen.push(...frames);
    this.emit('change');
  }

  send(...octets: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(octets));
  }

  /** Takes the oldest frame of this type (and stream) that was not taken yet. @throws Error when the connection ends first */
  async take(type: number, id?: number): Promise<Frame> {
    for (;;) {
      const at = this.frames.findIndex((frame) => frame.type === type && (id === undefined || frame.id === id) && !(type === SETTINGS && frame.flags === ACK));
      if (at >= 0) {
        const [found] = this.frames.splice(at, 1);
        return found as Frame;
      }
      if (this.ended) throw new Error(`the connection ended; it brought ${JSON.stringify(this.seen.map((frame) => [frame.type, frame.id]))}`);
      await once(this, 'change');
    }
  }

  /** Waits until something that came `holds`, without taking it. */
  async sees(holds: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = this.seen.find((frame) => holds(frame));
      if (found !== undefined) return found;
      if (this.ended) throw new Error('the connection ended');
      await once(this, 'change');
    }
  }

  /** Resolves when the other side has handled all that was sent to it. */
  async settled(payload = 'settled!'): Promise<void> {
    this.send(ping(payload));
    await this.sees((frame) => frame.type === PING && frame.flags === ACK && frame.payload.toString('latin1') === payload);
  }

  /** The error code of the RST_STREAM that ends the stream. */
  async resetCode(id: number): Promise<number> {
    return (await this.take(RST_STREAM, id)).payload.readUInt32BE(0);
  }

  async goAway(): Promise<{ readonly last: number; readonly code: number; readonly debug: string }> {
    const { payload } = await this.take(GOAWAY);
    return { last: payload.readUInt32BE(0) & 0x7fffffff, code: payload.readUInt32BE(4), debug: payload.subarray(8).toString() };
  }

  /** The other side has closed. */
  async end(): Promise<void> {
    while (!this.ended) await once(this, 'change');
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Connects and sends the preface and SETTINGS. */
export async function connectRaw(port: number, ...values: readonly (readonly [number, number])[]): Promise<RawPeer> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  const peer = new RawPeer(socket, false);
  peer.send(CLIENT_PREFACE, settings(...values));
  await peer.take(SETTINGS);
  peer.send(settingsAck());
  return peer;
}

/** A server that sends SETTINGS to every connection and leaves the rest to the test. */
export class RawServer extends EventEmitter {
  readonly peers: RawPeer[] = [];
  readonly #server: Server;
  readonly #settings: readonly (readonly [number, number])[];
  #taken = 0;

  /** @param values its settings */
  constructor(...values: readonly (readonly [number, number])[]) {
    super();
    this.#settings = values;
    this.#server = createServer({ noDelay: true }, (socket) => {
      const peer = new RawPeer(socket, true);
      this.peers.push(peer);
      peer.send(settings(...this.#settings), settingsAck());
      this.emit('peer', peer);
    });
  }

  async listen(port = 0): Promise<number> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Calls `script` for every connection. */
  onPeer(script: (peer: RawPeer) => void | Promise<void>): void {
    this.on('peer', (peer: RawPeer) => {
      // A script ends with its connection; what it missed shows in the test.
      void Promise.resolve(script(peer)).catch(() => {});
    });
  }

  /** The next connection that was not taken yet. */
  async accept(): Promise<RawPeer> {
    while (this.peers.length <= this.#taken) await once(this, 'peer');
    return this.peers[this.#taken++] as RawPeer;
  }

  close(): void {
    this.#server.close();
    for (const peer of this.peers) peer.destroy();
  }
}
