/** A few seconds of the fuzzers with seeds that are the same every time; `npm run fuzz` goes on from others. */
import { fuzzHpack, fuzzHuffman } from './hpack.ts';
import { fuzzClient, fuzzCuts, fuzzServer } from './http2.ts';

/** Together they take three seconds. */
const TARGETS = [
  ['HTTP/2 from clients', fuzzServer, 3000], ['HTTP/2 from servers', fuzzClient, 3000], ['HTTP/2 however it is cut', fuzzCuts, 3000],
  ['HPACK', fuzzHpack, 6000], ["Huffman's code", fuzzHuffman, 20_000],
] as const;
/** The event loop has to write in between, or buffers pile up. */
const BATCH = 100;

describe('fuzz', () => {
  for (const [name, fuzz, cases] of TARGETS) {
    it(`${name}: ${cases} cases`, async function () {
      this.timeout(60_000);
      this.slow(5000);
      for (let seed = 0; seed < cases; seed += BATCH) {
        for (let index = 0; index < BATCH; index++) fuzz(seed + index);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
  }
});
