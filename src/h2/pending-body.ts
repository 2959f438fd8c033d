/** Body bytes of one stream that wait for flow control or for the socket. Bounded by the window that the sender was granted. */
import type { FieldList } from '../model/fields.ts';
import { PIECE_SIZE, releasePiece, takePiece } from './pieces.ts';

interface Piece {
  readonly bytes: Buffer;
  start: number;
  end: number;
}

/** What fits into this is not worth a whole piece. */
const SMALL = 1024;
const EMPTY: Piece = { bytes: Buffer.alloc(0), start: 0, end: 0 };

/** Pieces are filled up before another is begun, so that a drip of small messages does not become a list of small buffers. */
export class PendingBody {
  /** Octets held. */
  length = 0;
  /** The stream ends behind the bytes. */
  endStream = false;
  /** The trailers that end the stream behind the bytes. */
  trailers: FieldList | null = null;
  readonly #pieces: Piece[] = [];

  /** The oldest piece; empty when nothing is held. */
  get first(): Readonly<Piece> {
    return this.#pieces[0] ?? EMPTY;
  }

  get firstLength(): number {
    const piece = this.#pieces[0] ?? EMPTY;
    return piece.end - piece.start;
  }

  append(chunk: Uint8Array, start: number, end: number): void {
    this.length += end - start;
    const last = this.#pieces.at(-1);
    if (last !== undefined) {
      const size = Math.min(end - start, last.bytes.length - last.end);
      if (size > 0) {
        last.bytes.set(chunk.subarray(start, start + size), last.end);
        last.end += size;
        start += size;
      }
    }
    if (start === end) return;
    const size = end - start;
    const bytes = size <= SMALL ? Buffer.allocUnsafe(SMALL) : size <= PIECE_SIZE ? takePiece() : Buffer.allocUnsafe(size);
    bytes.set(chunk.subarray(start, end), 0);
    this.#pieces.push({ bytes, start: 0, end: size });
  }

  /** Drops `size` octets of the first piece. */
  consume(size: number): void {
    const piece = this.#pieces[0];
    if (piece === undefined) return;
    piece.start += size;
    this.length -= size;
    if (piece.start < piece.end) return;
    this.#pieces.shift();
    releasePiece(piece.bytes);
  }
}
