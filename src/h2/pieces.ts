/**
 * Buffers of one size for what waits on its way, which go round through a free list: a fresh one for each frame of a transfer costs a
 * quarter of the CPU in collections.
 */

/** Octets: the largest frame that peers send unless they are told otherwise. */
export const PIECE_SIZE: number = 16 * 1024;
/** 2 MiB that are kept. */
const FREE_LIMIT = 128;

const free: Buffer[] = [];

/** A buffer of {@link PIECE_SIZE}, its content whatever it was. One that is not given back is collected. */
export function takePiece(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(PIECE_SIZE);
}

/** Nobody uses `piece` any more. Buffers of other sizes are left to the collector. */
export function releasePiece(piece: Buffer): void {
  if (piece.length === PIECE_SIZE && free.length < FREE_LIMIT) free.push(piece);
}
