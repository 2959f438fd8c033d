/**
 * Output memory: 64 KiB chunks that go round through a free list.
 *
 * Allocating a fresh buffer per write costs more than everything else that the proxy does with a small message; a chunk is
 * taken when a connection has something to say and comes back in the write's callback.
 */

/** Bytes in a chunk; also the largest piece that can be reserved at once. */
export const CHUNK_SIZE: number = 64 * 1024;

const FREE_LIMIT = 256;

/** A chunk and the callback that is handed to the socket with it, made once so that a write makes no closure. */
export interface Chunk {
  readonly bytes: Buffer;
  /** The write's completion: set by the owner while the chunk is under way. */
  owner: ChunkOwner | null;
  /** Bytes handed to the socket. */
  length: number;
  readonly written: (error?: Error | null) => void;
}

export interface ChunkOwner {
  chunkWritten(length: number): void;
}

const free: Chunk[] = [];

/** Takes a chunk. Its contents are whatever they were. */
export function takeChunk(): Chunk {
  return free.pop() ?? createChunk();
}

/** Gives back a chunk that no write uses. */
export function releaseChunk(chunk: Chunk): void {
  chunk.owner = null;
  if (free.length < FREE_LIMIT) free.push(chunk);
}

function createChunk(): Chunk {
  const chunk: Chunk = {
    bytes: Buffer.allocUnsafeSlow(CHUNK_SIZE),
    owner: null,
    length: 0,
    written() {
      const { owner, length } = chunk;
      releaseChunk(chunk);
      owner?.chunkWritten(length);
    },
  };
  return chunk;
}
