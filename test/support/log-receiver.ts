/** A syslog receiver (UDP) for the lines of a Pillion: what its records said, as they come. */
import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';

export type LogLine = Readonly<Record<string, unknown>>;

export class LogReceiver extends EventEmitter {
  readonly lines: LogLine[] = [];
  readonly #socket: Socket = createSocket('udp4');

  constructor() {
    super();
    this.setMaxListeners(0);
    this.#socket.on('message', (bytes) => {
      const text = bytes.toString();
      this.lines.push(JSON.parse(text.slice(text.indexOf('{'))) as LogLine);
      this.emit('line');
    });
  }

  /** The `log` line that leads here. */
  async listen(): Promise<string> {
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    return `log 127.0.0.1:${this.#socket.address().port} local0`;
  }

  /** Waits for a line that `holds`, and takes it. */
  async take(holds: (line: LogLine) => boolean): Promise<LogLine> {
    for (;;) {
      const at = this.lines.findIndex((line) => holds(line));
      if (at >= 0) return this.lines.splice(at, 1)[0] as LogLine;
      await once(this, 'line');
    }
  }

  /** The line of a stream that ended. */
  async stream(): Promise<LogLine> {
    return await this.take(({ msg }) => msg === 'stream');
  }

  close(): void {
    this.#socket.close();
  }
}
