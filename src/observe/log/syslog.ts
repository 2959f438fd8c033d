/** Syslog over UDP: RFC 3164 messages, one datagram a line. */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { lookup } from 'node:dns';
import type { Report } from '../warning.ts';
import { rareWarning } from '../warning.ts';
import type { Destination } from './destination.ts';

/** Facility names and numbers, those of HAProxy's `log` (manual 4.2) and RFC 5424 table 1. */
const FACILITIES: ReadonlyMap<string, number> = new Map([
  'kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'auth2', 'ftp', 'ntp', 'audit', 'alert', 'cron2',
  'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7',
].map((name, number) => [name, number]));

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Datagrams handed to the system and not yet sent, and lines waiting for the address to be known. */
const PENDING_LIMIT = 1024;

/** Milliseconds until an address that could not be found is asked for again. */
const RETRY_MS = 5_000;

export interface SyslogOptions {
  /** Host name or IP literal, without brackets. */
  readonly host: string;
  readonly port: number;
  /** A facility's name. */
  readonly facility: string;
  /** For the tag, `pillion[pid]`. */
  readonly pid: number;
}

/** The part before the message: priority, local time, tag. HAProxy sends no host name either; the receiver knows it. */
export function syslogHeader(facility: number, severity: number, date: Date, pid: number): string {
  const day = String(date.getDate()).padStart(2, ' ');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
  return `<${facility * 8 + severity}>${MONTHS[date.getMonth()]} ${day} ${time} pillion[${pid}]: `;
}

/** The number of a facility; an unknown name is an error. */
export function facilityNumber(name: string): number {
  const number = FACILITIES.get(name);
  if (number === undefined) throw new Error(`unknown syslog facility '${name}'`);
  return number;
}

/** Sends to a syslog server. Its address is looked up once; a server that is not there costs lines and a rare warning. */
export function syslogDestination(options: SyslogOptions, report: Report): Destination {
  return new SyslogDestination(options, report);
}

class SyslogDestination implements Destination {
  dropped = 0;
  readonly #options: SyslogOptions;
  readonly #facility: number;
  readonly #warn: ReturnType<typeof rareWarning>;
  /** Lines from before the socket was ready. */
  #waiting: string[] = [];
  #socket: Socket | null = null;
  #pending = 0;
  #retry: NodeJS.Timeout | null = null;
  #closed = false;
  #flushed: (() => void)[] = [];

  constructor(options: SyslogOptions, report: Report) {
    this.#options = options;
    this.#facility = facilityNumber(options.facility);
    this.#warn = rareWarning(report);
    this.#connect();
  }

  write(line: string, severity: number): void {
    if (this.#closed) return;
    const message = syslogHeader(this.#facility, severity, new Date(), this.#options.pid) + line.trimEnd();
    if (this.#pending + this.#waiting.length >= PENDING_LIMIT) this.#drop('too many lines at once');
    else if (this.#socket === null) this.#waiting.push(message);
    else this.#send(this.#socket, message);
  }

  flush(timeoutMs: number): Promise<boolean> {
    if (this.#closed || this.#idle) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs, false);
      this.#flushed.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#waiting = [];
    this.#socket?.close();
    this.#socket = null;
    this.#notify();
  }

  get #idle(): boolean {
    return this.#pending === 0 && this.#waiting.length === 0;
  }

  #connect(): void {
    lookup(this.#options.host, (error, address, family) => {
      if (this.#closed) return;
      if (error !== null) return this.#failed(error);
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
      socket.unref();
      // An ICMP "port unreachable" for an earlier datagram arrives here or in a later send's callback.
      socket.on('error', (failure) => this.#drop(failure.message));
      socket.connect(this.#options.port, address, (failure?: Error) => {
        if (this.#closed) return void socket.close();
        if (failure !== undefined) {
          socket.close();
          return this.#failed(failure);
        }
        this.#socket = socket;
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const message of waiting) this.#send(socket, message);
      });
    });
  }

  #failed(error: Error): void {
    this.#warn('syslog server cannot be reached', { target: this.#name, error: error.message });
    this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
    this.#retry.unref();
  }

  #send(socket: Socket, message: string): void {
    this.#pending++;
    socket.send(message, (error) => {
      this.#pending--;
      if (error !== null) this.#drop(error.message);
      if (this.#idle) this.#notify();
    });
  }

  #drop(error: string): void {
    this.dropped++;
    this.#warn('log lines dropped: syslog', { target: this.#name, error, dropped: this.dropped });
  }

  #notify(): void {
    const flushed = this.#flushed;
    this.#flushed = [];
    for (const done of flushed) done();
  }

  get #name(): string {
    return `udp://${this.#options.host}:${this.#options.port}`;
  }
}
