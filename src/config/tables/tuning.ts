/** `tune.h2.…`: HTTP/2 with clients (`fe`), with servers (`be`), or with both (HAProxy manual 3.2). */
import { integer, size } from '../arguments.ts';
import { globalDirective } from '../directive.ts';
import type { Argument, Directive } from '../directive.ts';
import type { GlobalDraft, Http2Side } from '../draft.ts';
import type { Http2Tuning } from '../model.ts';

/** What a limit of 0 streams, "none" in HAProxy, comes to: nothing here is without a bound. */
const MOST_STREAMS = 65_536;

const BOTH: Omit<Http2Tuning, 'maxConcurrentStreams'> = {
  initialWindowSize: 65_535, rxbuf: 1600 * 1024, maxFrameSize: 16_384, headerTableSize: 4096, glitchesThreshold: 1000,
  maxTotalStreams: 0, maxFramesAtOnce: 0, maxRstAtOnce: 0,
};

export const HTTP2_FRONTEND: Http2Tuning = { ...BOTH, maxConcurrentStreams: 1024 };
export const HTTP2_BACKEND: Http2Tuning = { ...BOTH, maxConcurrentStreams: MOST_STREAMS };

interface Row {
  readonly setting: keyof Http2Tuning;
  readonly name: string;
  readonly argument: Argument<number>;
  readonly sides: readonly Http2Side[];
  readonly summary: string;
  readonly details: string;
  readonly example: string;
  readonly default: (side: Http2Side) => string;
}

const WHERE: Readonly<Record<Http2Side, string>> = { both: 'clients and servers', fe: 'clients', be: 'servers' };

const ROWS: readonly Row[] = [
  {
    setting: 'initialWindowSize', name: 'initial-window-size', argument: integer('octets', 1, 2 ** 31 - 1), sides: ['both', 'fe', 'be'],
    summary: 'Body octets of a stream that may be under way before we give credit',
    details: 'A window grows beyond it, see rxbuf, while its reader keeps up; a reader that stalls costs at most its window of memory.',
    example: '1048576', default: () => String(BOTH.initialWindowSize),
  },
  {
    setting: 'maxConcurrentStreams', name: 'max-concurrent-streams', argument: streams(), sides: ['both', 'fe', 'be'],
    summary: 'Streams at once on a connection',
    details: `Clients are told; to a server no more are opened on one connection, nor more than the server allows. 0: ${MOST_STREAMS}.`,
    example: '100',
    default: (side) => (side === 'fe' ? String(HTTP2_FRONTEND.maxConcurrentStreams) : side === 'be' ? "the server's limit" : "fe 1024, be the server's limit"),
  },
  {
    setting: 'rxbuf', name: 'rxbuf', argument: size('octets'), sides: ['fe', 'be'],
    summary: 'Octets by which the windows of the streams of a connection may grow, together',
    details: 'A window doubles as long as its reader keeps up and as there is something left here. 0: windows stay as they begin.',
    example: '4m', default: () => '1600k',
  },
  {
    setting: 'maxFrameSize', name: 'max-frame-size', argument: integer('octets', 16_384, 16_777_215), sides: ['both'],
    summary: 'The largest frame that is taken', details: 'Frames that are sent have at most 16384 octets in any case, so that streams take turns.',
    example: '65536', default: () => String(BOTH.maxFrameSize),
  },
  {
    setting: 'headerTableSize', name: 'header-table-size', argument: integer('octets', 0, 65_536), sides: ['both'],
    summary: 'What peers may keep in the table of header compression', details: 'Per connection; a larger one is of use with many long header values.',
    example: '16384', default: () => String(BOTH.headerTableSize),
  },
  {
    setting: 'glitchesThreshold', name: 'glitches-threshold', argument: integer('glitches', 0, 2 ** 31 - 1), sides: ['fe', 'be'],
    summary: 'Oddities at which a connection ends',
    details: 'A broken rule is a glitch; so are ten cancelled streams, and a frame without content beyond what the traffic explains. They are forgotten '
      + 'within ten seconds. At three quarters the connection is drained: running streams finish, and honest peers connect again. 0: no limit.',
    example: '500', default: () => String(BOTH.glitchesThreshold),
  },
  {
    setting: 'maxTotalStreams', name: 'max-total-streams', argument: integer('streams', 0, 2 ** 31 - 1), sides: ['fe'],
    summary: 'Streams after which a connection is drained, so that its client connects again',
    details: 'Streams that were opened before the client heard of it are still served.',
    example: '100000', default: () => '0: no limit',
  },
  {
    setting: 'maxFramesAtOnce', name: 'max-frames-at-once', argument: integer('frames', 0, 2 ** 31 - 1), sides: ['fe', 'be'],
    summary: 'Frames of one connection that are handled before the others have their turn',
    details: 'What came behind them waits, and the connection is not read meanwhile.',
    example: '100', default: () => '0: no limit',
  },
  {
    setting: 'maxRstAtOnce', name: 'max-rst-at-once', argument: integer('frames', 0, 2 ** 31 - 1), sides: ['fe'],
    summary: 'RST_STREAM frames of one connection that are handled before the others have their turn',
    details: 'One that opens and resets streams as fast as it can (CVE-2023-44487) goes slowly then, and others do not notice. From 1 to 10 are of use; '
      + 'clients that cancel many calls at once wait a little, too.',
    example: '10', default: () => '0: no limit',
  },
];

export const TUNING_DIRECTIVES: readonly Directive<GlobalDraft>[] = ROWS.flatMap((row) =>
  row.sides.map((side) => {
    const name = `tune.h2.${side === 'both' ? '' : `${side}.`}${row.name}`;
    return globalDirective({
      name, arguments: [row.argument], origin: 'haproxy', summary: `${row.summary}: HTTP/2 with ${WHERE[side]}.`, details: row.details,
      example: `${name} ${row.example}`, default: side === 'both' || !row.sides.includes('both') ? row.default(side) : `tune.h2.${row.name}; else ${row.default(side)}`,
      apply: (global, [value]) => { global.http2[side][row.setting] = value; },
    });
  }),
);

function streams(): Argument<number> {
  const argument = integer('streams', 0, MOST_STREAMS);
  return {
    ...argument,
    take: (cursor, context) => {
      const value = argument.take(cursor, context);
      return value === 0 ? MOST_STREAMS : value;
    },
  };
}
