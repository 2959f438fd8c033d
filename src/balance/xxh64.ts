/** XXH64 (Yann Collet, xxHash specification 0.1.1), for the names that `cookie … dynamic` makes; not for hot paths. */

const M = (1n << 64n) - 1n;
const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;

export function xxh64(input: Buffer, seed: bigint = 0n): bigint {
  let at = 0;
  let hash: bigint;
  if (input.length >= 32) {
    const lanes = [seed + P1 + P2, seed + P2, seed, seed - P1].map((lane) => lane & M);
    for (; at + 32 <= input.length; at += 32) {
      for (let lane = 0; lane < 4; lane++) lanes[lane] = round(lanes[lane] as bigint, input.readBigUInt64LE(at + 8 * lane));
    }
    const [a = 0n, b = 0n, c = 0n, d = 0n] = lanes;
    hash = (rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n)) & M;
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * P1 + P4) & M;
  } else {
    hash = (seed + P5) & M;
  }
  hash = (hash + BigInt(input.length)) & M;
  for (; at + 8 <= input.length; at += 8) hash = (rotate(hash ^ round(0n, input.readBigUInt64LE(at)), 27n) * P1 + P4) & M;
  if (at + 4 <= input.length) {
    hash = (rotate(hash ^ ((BigInt(input.readUInt32LE(at)) * P1) & M), 23n) * P2 + P3) & M;
    at += 4;
  }
  for (; at < input.length; at++) hash = (rotate(hash ^ ((BigInt(input[at] as number) * P5) & M), 11n) * P1) & M;
  hash = ((hash ^ (hash >> 33n)) * P2) & M;
  hash = ((hash ^ (hash >> 29n)) * P3) & M;
  return hash ^ (hash >> 32n);
}

function round(lane: bigint, input: bigint): bigint {
  return (rotate((lane + input * P2) & M, 31n) * P1) & M;
}

function rotate(value: bigint, by: bigint): bigint {
  return ((value << by) | (value >> (64n - by))) & M;
}
