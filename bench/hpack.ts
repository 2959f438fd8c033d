/** CPU nanoseconds per header block, best of 12 rounds: `node bench/hpack.ts`. */
import { HpackDecoder } from '../src/h2/hpack/decoder.ts';
import { HpackEncoder } from '../src/h2/hpack/encoder.ts';
import { FieldList } from '../src/model/fields.ts';

type Pair = readonly [name: string, value: string];

const ROUNDS = 100_000;
const CALL: readonly Pair[] = [
  [':method', 'POST'], [':scheme', 'http'], [':path', '/helloworld.Greeter/SayHello'], [':authority', 'greeter.default:50051'],
  ['content-type', 'application/grpc'], ['te', 'trailers'], ['user-agent', 'grpc-node-js/1.14.7'],
  ['grpc-accept-encoding', 'identity,deflate,gzip'], ['accept-encoding', 'identity'],
];
/** Enough different values that no cache of the process holds them. */
const UNIQUE: readonly string[] = Array.from({ length: 50_000 }, () => crypto.randomUUID());

function unique(i: number): string {
  return UNIQUE[i % UNIQUE.length] as string;
}

function measure(what: string, run: (i: number) => void): void {
  let best = Infinity;
  for (let round = 0; round < 12; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < ROUNDS; i++) run(i);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, ((user + system) * 1000) / ROUNDS);
  }
  console.log(`${what.padEnd(60)} ${best.toFixed(0).padStart(6)} ns`);
}

/** A decoder that has been fed what `encoder` wrote for the lists. */
function primed(encoder: HpackEncoder, ...lists: readonly FieldList[]): HpackDecoder {
  const decoder = new HpackDecoder(4096, 65536);
  const out = Buffer.alloc(65536);
  for (const list of lists) decoder.decode(out, 0, encoder.encode(list, null, out, 0));
  return decoder;
}

const out = Buffer.alloc(65536);
const call = FieldList.of(...CALL);

{
  const encoder = new HpackEncoder();
  const decoder = primed(encoder, call);
  const end = encoder.encode(call, null, out, 0);
  const block = Buffer.from(out.subarray(0, end));
  measure(`decode, known block (${end} bytes)`, () => void decoder.decode(block, 0, end));
  measure('encode, known list', () => void encoder.encode(call, null, out, 0));
  const traced = FieldList.of(['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01']);
  measure('encode, known list and traceparent', () => void encoder.encode(call, traced, out, 0));
}
{
  // As nghttp2 writes it: the path as a literal that is not indexed.
  const encoder = new HpackEncoder();
  const decoder = primed(encoder, call);
  const rest = FieldList.of(...CALL.filter(([name]) => name !== ':path'));
  const end = encoder.encode(rest, FieldList.of(CALL[2] as Pair), out, 0);
  const block = Buffer.from(out.subarray(0, end));
  measure(`decode, known block with a literal path (${end} bytes)`, () => void decoder.decode(block, 0, end));
}
{
  const encoder = new HpackEncoder();
  const decoder = primed(encoder, call);
  const blocks = UNIQUE.map((value) => {
    const start = encoder.encode(call, FieldList.of(['x-trace', value]), out, 0);
    return Buffer.from(out.subarray(0, start));
  });
  measure('decode, one literal differs in every call', (i) => {
    const block = blocks[i % blocks.length] as Buffer;
    decoder.decode(block, 0, block.length);
  });
  const { fields, size } = call;
  measure('encode, one value differs in every call', (i) => {
    const value = unique(i);
    const list = new FieldList([...fields, { name: 'x-trace', value, neverIndexed: false }], size + value.length + 39);
    encoder.encode(list, null, out, 0);
  });
}
{
  // A client that inserts the value into the table every time.
  const encoder = new HpackEncoder();
  const decoder = primed(encoder, call);
  const same = encoder.encode(call, null, out, 0);
  const prefix = Buffer.from(out.subarray(0, same));
  const block = Buffer.alloc(256);
  measure('decode, one value inserted in every call', (i) => {
    prefix.copy(block);
    block.write(`\x40\x07x-trace\x24${unique(i)}`, same, 'latin1');
    decoder.decode(block, same, same + 46);
  });
}
{
  const encoder = new HpackEncoder();
  const lists = Array.from({ length: 1000 }, () => FieldList.of(...CALL));
  for (const list of lists) encoder.encode(list, null, out, 0);
  measure('encode, equal lists of 1000 clients, one after another', (i) => void encoder.encode(lists[i % 1000] as FieldList, null, out, 0));
}
