/**
 * Reads of a socket into buffers that the caller chooses and reuses, instead of a fresh allocation per read.
 *
 * Node offers this (`onread`) only to sockets that it is asked to connect. Accepted sockets have the same machinery without a
 * public way to it. This file is the only one that reaches for it: it finds the slots in which net.Socket keeps its `onread`
 * option by looking where the public option went on a probe, and puts the caller's functions into the same slots of another
 * socket. Where anything is not as expected, {@link readIntoBuffers} changes nothing and answers false.
 */
import { Socket } from 'node:net';
import { platform } from 'node:os';

/**
 * Called for each read, within the read: `bytes` is how many octets of `buffer` were filled. Returning false stops reading
 * until `socket.resume()`.
 */
export type OnRead = (bytes: number, buffer: Uint8Array) => boolean;
/** Called after each {@link OnRead}: the buffer of the next read. */
export type NextBuffer = () => Uint8Array;

interface Slots {
  readonly buffer: symbol;
  readonly nextBuffer: symbol;
  readonly onRead: symbol;
}

interface UserBufferHandle {
  useUserBuffer(buffer: Uint8Array): number;
}

/** Windows posts a read before there are bytes, so that a buffer would be in use all the time and could not be shared. */
const slots: Slots | null = platform() === 'win32' ? null : findSlots();

/**
 * Makes `socket`, which must be connected and read by nobody else, read into `first` and then into what `nextBuffer` answers.
 * End of stream and errors are reported as before ('end', 'error', 'close'). A buffer is written to only while the loop reads
 * this very socket, so idle sockets may share one.
 *
 * @returns whether it does; if not, the socket is as it was and 'data' events are the way to read it.
 */
export function readIntoBuffers(socket: Socket, first: Uint8Array, nextBuffer: NextBuffer, onRead: OnRead): boolean {
  if (slots === null) return false;
  const handle: unknown = Reflect.get(socket, '_handle');
  if (!hasUserBuffer(handle)) return false;
  for (const slot of [slots.buffer, slots.nextBuffer, slots.onRead]) if (Reflect.get(socket, slot) !== null) return false;
  Reflect.set(socket, slots.buffer, first);
  Reflect.set(socket, slots.nextBuffer, nextBuffer);
  Reflect.set(socket, slots.onRead, onRead);
  handle.useUserBuffer(first);
  return true;
}

/**
 * Makes a socket that {@link readIntoBuffers} has set up read into `buffer` next. What Node keeps of the former buffer is some
 * fifty octets until the socket is closed: not for every read, that is what {@link NextBuffer} is for.
 */
export function redirectReads(socket: Socket, buffer: Uint8Array): void {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (slots === null || !hasUserBuffer(handle)) return;
  Reflect.set(socket, slots.buffer, buffer);
  handle.useUserBuffer(buffer);
}

function hasUserBuffer(handle: unknown): handle is UserBufferHandle {
  return typeof handle === 'object' && handle !== null && 'useUserBuffer' in handle && typeof handle.useUserBuffer === 'function';
}

/** Two unconnected sockets with the public option show which symbols carry its parts; they own no descriptor. */
function findSlots(): Slots | null {
  const bytes = new Uint8Array(1);
  const generate = (): Uint8Array => bytes;
  const callback = (): boolean => true;
  const fixed = new Socket({ onread: { buffer: bytes, callback } });
  const generated = new Socket({ onread: { buffer: generate, callback } });
  const buffer = slotOf(fixed, bytes);
  const nextBuffer = slotOf(generated, generate);
  const onRead = slotOf(fixed, callback);
  fixed.destroy();
  generated.destroy();
  return buffer && nextBuffer && onRead ? { buffer, nextBuffer, onRead } : null;
}

function slotOf(socket: Socket, value: unknown): symbol | undefined {
  return Object.getOwnPropertySymbols(socket).find((symbol) => Reflect.get(socket, symbol) === value);
}
