/** Where log lines go. */
import sonic from 'sonic-boom';
import type { Report } from '../warning.ts';
import { rareWarning } from '../warning.ts';

/** A sink of whole lines. Neither method throws or blocks. */
export interface Destination {
  /** Lines that did not get out, so far. */
  readonly dropped: number;
  /** Takes one line that ends in LF. `severity` is syslog's number (RFC 5424 table 2). */
  write(line: string, severity: number): void;
  /** Resolves with true when what was taken before is out, with false when it is not after `timeoutMs`. */
  flush(timeoutMs: number): Promise<boolean>;
  /** Gives up what is not out yet. */
  close(): void;
}

/** Octets held for a reader that does not read. */
const BUFFER_LIMIT = 4 * 1024 * 1024;

/**
 * Writes to a file descriptor: each line at once, and while a write is under way the next ones gather. A reader that stalls
 * fills the buffer and then loses lines; it never holds the proxy up.
 */
export function descriptorDestination(fd: number, name: string, report: Report, bufferLimit: number = BUFFER_LIMIT): Destination {
  // With a minLength above 0 the stream's flush waits for the writes.
  const stream = new sonic.SonicBoom({ fd, sync: false, minLength: 1, maxLength: bufferLimit });
  const warnDropped = rareWarning(report);
  const warnFailed = rareWarning(report);
  let dropped = 0;
  let closed = false;
  stream.on('drop', () => {
    dropped++;
    warnDropped('log lines dropped: the reader is too slow', { target: name, dropped });
  });
  stream.on('error', (error: Error) => {
    warnFailed('log cannot be written', { target: name, error: error.message });
  });
  return {
    get dropped() {
      return dropped;
    },
    write(line) {
      if (!closed) stream.write(line);
    },
    flush(timeoutMs) {
      if (closed) return Promise.resolve(true);
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, timeoutMs, false);
        stream.flush(() => {
          clearTimeout(timer);
          resolve(true);
        });
      });
    },
    close() {
      closed = true;
      // The descriptor is the process's own standard stream: it stays open.
    },
  };
}
