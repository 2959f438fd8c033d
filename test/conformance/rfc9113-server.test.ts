/** RFC 9113, 8441 and 7541 rule by rule, from raw octets of a client: Pillion's server role. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import {
  ACK, block, CLIENT_PREFACE, CONTINUATION, data, DATA, END_HEADERS, END_STREAM, field, frame, GET_REQUEST, GOAWAY, goAway, headers, HEADERS, PADDED, ping,
  PING, PRIORITY, PUSH_PROMISE, RST_STREAM, rstStream, SETTINGS, settings, uint32, windowUpdate, WINDOW_UPDATE, type Fields,
} from '../support/frames.ts';
import { grpcConfiguration, startPillion, type Pillion } from '../support/pillion.ts';
import { connectRaw, RawServer, type RawPeer } from '../support/raw-peer.ts';

const [PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM, COMPRESSION_ERROR] = [1, 3, 5, 6, 7, 9] as const;
const WITH_PRIORITY = 0x20;
/** The server behind answers this path at once, nothing else, and takes no body. */
const ANSWERED: Fields = with_(GET_REQUEST, [':path', '/now']);
const POST: Fields = with_(GET_REQUEST, [':method', 'POST']);

type Pair = readonly [string, string];

/** `fields` with the values of others in place of its own, in order, and those that it did not have behind. */
function with_(fields: Fields, ...others: readonly Pair[]): Fields {
  const extra = others.filter(([name]) => !fields.some(([own]) => own === name));
  return [...fields.map(([name, value]): Pair => others.find(([own]) => own === name) ?? [name, value]), ...extra];
}

function without(fields: Fields, name: string): Fields {
  return fields.filter(([own]) => own !== name);
}

interface Rule {
  readonly section: string;
  readonly name: string;
  readonly send: readonly Uint8Array[];
  /** The connection ends with GOAWAY and one of these codes. */
  readonly connection?: readonly number[];
  /** RST_STREAM with this code comes on stream 1 (or the one named), and the connection goes on. */
  readonly stream?: number;
  readonly id?: number;
  /** Neither; with a number, the response on `id` has this status. */
  readonly fine?: true | number;
}

const huffman = (...octets: readonly number[]): Buffer => Buffer.of(0x00, 0x80 | octets.length, ...octets, 1, 0x61);
const open = headers(1, POST);
const request = headers(1, ANSWERED, END_STREAM);
const malformed = (section: string, name: string, fields: Fields): Rule => ({ section, name, send: [headers(1, fields, END_STREAM)], stream: PROTOCOL_ERROR });
const hpack = (section: string, name: string, octets: Uint8Array): Rule => ({
  section: `RFC 7541 §${section}`, name, send: [frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat([block(GET_REQUEST), octets]))], connection: [COMPRESSION_ERROR],
});

const RULES: readonly Rule[] = [
  { section: '§4.1', name: 'ignores frames of unknown types', send: [frame(0x7b, 0xff, 0, Buffer.from('anything')), frame(0xff, 0, 77), request], fine: 200 },
  { section: '§4.1', name: 'ignores flags that are not defined', send: [ping('abcdefgh', 0xfe & ~ACK), headers(1, ANSWERED, END_STREAM | 0xd2)], fine: 200 },
  { section: '§4.1', name: 'ignores the reserved bit of the stream identifier', send: [headers(0x8000_0001, ANSWERED, END_STREAM)], fine: 200 },
  { section: '§4.2', name: 'refuses a DATA frame above the maximum', send: [open, data(1, Buffer.alloc(16_385))], connection: [FRAME_SIZE_ERROR] },
  { section: '§4.2', name: 'takes a DATA frame of the maximum', send: [open, data(1, Buffer.alloc(16_384))], fine: true },
  { section: '§4.2', name: 'refuses a HEADERS frame above the maximum', send: [frame(HEADERS, END_HEADERS, 1, Buffer.alloc(16_385))], connection: [FRAME_SIZE_ERROR] },
  { section: '§4.3', name: 'refuses a header block that does not decode', send: [frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.of(0xff))], connection: [COMPRESSION_ERROR] },
  { section: '§4.3', name: 'decodes the block of a stream that it resets', send: [
    frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat([block(GET_REQUEST), Buffer.from('4001610162', 'hex'), block([['A', 'b']])])),
    frame(HEADERS, END_HEADERS | END_STREAM, 3, Buffer.concat([block(ANSWERED), Buffer.of(0xbe)])),
  ], id: 3, fine: 200 },

  { section: '§5.1', name: 'idle: refuses DATA', send: [data(1, 'x')], connection: [PROTOCOL_ERROR] },
  { section: '§5.1', name: 'idle: refuses RST_STREAM', send: [rstStream(1, 0)], connection: [PROTOCOL_ERROR] },
  { section: '§5.1', name: 'idle: refuses WINDOW_UPDATE', send: [windowUpdate(1, 1)], connection: [PROTOCOL_ERROR] },
  { section: '§5.1', name: 'idle: refuses CONTINUATION', send: [frame(CONTINUATION, END_HEADERS, 1, block(GET_REQUEST))], connection: [PROTOCOL_ERROR] },
  { section: '§5.1', name: 'idle: takes PRIORITY', send: [frame(PRIORITY, 0, 7, Buffer.of(0, 0, 0, 0, 1)), request], fine: 200 },
  { section: '§5.1', name: 'half-closed (remote): refuses DATA', send: [headers(1, GET_REQUEST, END_STREAM), data(1, 'x')], stream: STREAM_CLOSED },
  { section: '§5.1', name: 'half-closed (remote): refuses HEADERS', send: [headers(1, GET_REQUEST, END_STREAM), headers(1, GET_REQUEST, END_STREAM)], stream: STREAM_CLOSED },
  { section: '§5.1', name: 'half-closed (remote): takes WINDOW_UPDATE and PRIORITY', send: [request, windowUpdate(1, 1), frame(PRIORITY, 0, 1, Buffer.of(0, 0, 0, 0, 1))], fine: 200 },
  { section: '§5.1', name: 'reset: refuses DATA', send: [open, rstStream(1, 8), data(1, 'x')], connection: [STREAM_CLOSED] },
  { section: '§5.1', name: 'reset: refuses HEADERS', send: [open, rstStream(1, 8), headers(1, POST)], connection: [STREAM_CLOSED, PROTOCOL_ERROR] },
  { section: '§5.1', name: 'reset: takes RST_STREAM, WINDOW_UPDATE and PRIORITY', send: [open, rstStream(1, 8), rstStream(1, 8), windowUpdate(1, 1), frame(PRIORITY, 0, 1, Buffer.of(0, 0, 0, 0, 1))], fine: true },
  { section: '§5.1', name: 'reset by us: ignores what was under way', send: [headers(1, with_(POST, ['A', 'b'])), data(1, 'x'), windowUpdate(1, 5), data(1, 'x', END_STREAM)], stream: PROTOCOL_ERROR },
  { section: '§5.1.1', name: 'refuses a stream with an even identifier', send: [headers(2, GET_REQUEST, END_STREAM)], connection: [PROTOCOL_ERROR] },
  { section: '§5.1.1', name: 'refuses an identifier below one that was used', send: [headers(5, GET_REQUEST, END_STREAM), headers(3, GET_REQUEST, END_STREAM)], connection: [PROTOCOL_ERROR] },
  { section: '§5.1.1', name: 'takes identifiers with gaps', send: [headers(101, GET_REQUEST, END_STREAM), headers(1001, ANSWERED, END_STREAM)], id: 1001, fine: 200 },
  { section: '§5.1.1', name: 'takes the highest identifier', send: [headers(0x7fff_ffff, ANSWERED, END_STREAM)], id: 0x7fff_ffff, fine: 200 },
  { section: '§5.1.2', name: 'refuses more streams than it announced', send: [1, 3, 5, 7, 9].map((id) => headers(id, GET_REQUEST)), id: 9, stream: REFUSED_STREAM },
  { section: '§5.5', name: 'refuses an unknown frame within a header block', send: [frame(HEADERS, 0, 1, block(GET_REQUEST)), frame(0x7b, 0, 0)], connection: [PROTOCOL_ERROR] },

  { section: '§6.1', name: 'refuses DATA on stream 0', send: [data(0, 'x')], connection: [PROTOCOL_ERROR] },
  { section: '§6.1', name: 'refuses padding as long as the frame', send: [open, frame(DATA, PADDED, 1, Buffer.of(3, 1, 1))], connection: [PROTOCOL_ERROR] },
  { section: '§6.1', name: 'refuses padding in an empty frame', send: [open, frame(DATA, PADDED, 1)], connection: [PROTOCOL_ERROR, FRAME_SIZE_ERROR] },
  { section: '§6.1', name: 'takes DATA that is all padding', send: [open, frame(DATA, PADDED, 1, Buffer.of(2, 0, 0))], fine: true },
  { section: '§6.2', name: 'refuses HEADERS on stream 0', send: [headers(0, GET_REQUEST)], connection: [PROTOCOL_ERROR] },
  { section: '§6.2', name: 'refuses padding longer than HEADERS', send: [frame(HEADERS, END_HEADERS | PADDED, 1, Buffer.concat([Buffer.of(255), block(GET_REQUEST)]))], connection: [PROTOCOL_ERROR] },
  { section: '§6.2', name: 'takes HEADERS with padding and priority', send: [frame(HEADERS, END_HEADERS | END_STREAM | PADDED | WITH_PRIORITY, 1, Buffer.concat([Buffer.of(3, 0x80, 0, 0, 0, 9), block(ANSWERED), Buffer.alloc(3)]))], fine: 200 },
  { section: '§6.2', name: 'refuses HEADERS too short for its priority', send: [frame(HEADERS, END_HEADERS | WITH_PRIORITY, 1, Buffer.alloc(4))], connection: [FRAME_SIZE_ERROR] },
  { section: '§6.3', name: 'refuses PRIORITY on stream 0', send: [frame(PRIORITY, 0, 0, Buffer.alloc(5))], connection: [PROTOCOL_ERROR] },
  { section: '§6.3', name: 'refuses PRIORITY that is not 5 octets', send: [open, frame(PRIORITY, 0, 1, Buffer.alloc(4))], stream: FRAME_SIZE_ERROR },
  { section: '§6.4', name: 'refuses RST_STREAM on stream 0', send: [rstStream(0, 0)], connection: [PROTOCOL_ERROR] },
  { section: '§6.4', name: 'refuses RST_STREAM that is not 4 octets', send: [open, frame(RST_STREAM, 0, 1, Buffer.alloc(3))], connection: [FRAME_SIZE_ERROR] },
  { section: '§6.5', name: 'refuses SETTINGS on a stream', send: [frame(SETTINGS, 0, 1)], connection: [PROTOCOL_ERROR] },
  { section: '§6.5', name: 'refuses SETTINGS ACK with a payload', send: [frame(SETTINGS, ACK, 0, Buffer.alloc(6))], connection: [FRAME_SIZE_ERROR] },
  { section: '§6.5', name: 'refuses SETTINGS of another length than a multiple of 6', send: [frame(SETTINGS, 0, 0, Buffer.alloc(7))], connection: [FRAME_SIZE_ERROR] },
  { section: '§6.5.2', name: 'refuses ENABLE_PUSH 2', send: [settings([2, 2])], connection: [PROTOCOL_ERROR] },
  { section: '§6.5.2', name: 'refuses INITIAL_WINDOW_SIZE 2^31', send: [settings([4, 2 ** 31])], connection: [FLOW_CONTROL_ERROR] },
  { section: '§6.5.2', name: 'refuses MAX_FRAME_SIZE 16383', send: [settings([5, 16_383])], connection: [PROTOCOL_ERROR] },
  { section: '§6.5.2', name: 'refuses MAX_FRAME_SIZE 2^24', send: [settings([5, 2 ** 24])], connection: [PROTOCOL_ERROR] },
  { section: '§6.5.2', name: 'ignores unknown settings', send: [settings([0x99, 1], [0, 7]), request], fine: 200 },
  { section: '§6.5.3', name: 'applies the values of a frame in order', send: [settings([4, 0], [4, 100], [4, 0], [4, 65_535]), request], fine: 200 },
  { section: '§6.6', name: 'refuses PUSH_PROMISE', send: [open, frame(PUSH_PROMISE, END_HEADERS, 1, Buffer.concat([uint32(2), block(GET_REQUEST)]))], connection: [PROTOCOL_ERROR] },
  { section: '§6.7', name: 'refuses PING on a stream', send: [frame(PING, 0, 1, Buffer.alloc(8))], connection: [PROTOCOL_ERROR] },
  { section: '§6.7', name: 'refuses PING that is not 8 octets', send: [frame(PING, 0, 0, Buffer.alloc(7))], connection: [FRAME_SIZE_ERROR] },
  { section: '§6.7', name: 'takes a PING ACK that it did not ask for', send: [ping('nobody a', ACK), request], fine: 200 },
  { section: '§6.8', name: 'refuses GOAWAY on a stream', send: [frame(GOAWAY, 0, 1, uint32(0, 0))], connection: [PROTOCOL_ERROR] },
  { section: '§6.8', name: 'refuses GOAWAY shorter than 8 octets', send: [frame(GOAWAY, 0, 0, Buffer.alloc(7))], connection: [FRAME_SIZE_ERROR] },
  { section: '§6.8', name: 'finishes the streams of a client that said GOAWAY', send: [request, goAway(0, 0xbad, 'so long')], fine: 200 },
  { section: '§6.9', name: 'refuses WINDOW_UPDATE that is not 4 octets', send: [frame(WINDOW_UPDATE, 0, 0, Buffer.alloc(3))], connection: [FRAME_SIZE_ERROR] },
  { section: '§6.9', name: 'refuses WINDOW_UPDATE of 0 on the connection', send: [windowUpdate(0, 0)], connection: [PROTOCOL_ERROR] },
  { section: '§6.9', name: 'refuses WINDOW_UPDATE of 0 on a stream', send: [open, windowUpdate(1, 0)], stream: PROTOCOL_ERROR },
  { section: '§6.9', name: 'ignores the reserved bit of the increment', send: [windowUpdate(0, 0x8000_0001), request], fine: 200 },
  { section: '§6.9.1', name: 'refuses a connection window above 2^31-1', send: [windowUpdate(0, 0x7fff_ffff)], connection: [FLOW_CONTROL_ERROR] },
  { section: '§6.9.1', name: 'refuses a stream window above 2^31-1', send: [open, windowUpdate(1, 0x7fff_ffff)], stream: FLOW_CONTROL_ERROR },
  { section: '§6.9.1', name: 'refuses DATA beyond the stream window', send: [open, ...Array.from({ length: 5 }, () => data(1, Buffer.alloc(16_384)))], stream: FLOW_CONTROL_ERROR },
  { section: '§6.9.2', name: 'refuses INITIAL_WINDOW_SIZE that makes a window overflow', send: [open, windowUpdate(1, 0x7fff_ffff - 65_535), settings([4, 65_536])], connection: [FLOW_CONTROL_ERROR] },
  { section: '§6.10', name: 'takes a header block in pieces, empty ones too', send: [
    frame(HEADERS, END_STREAM, 1, block(ANSWERED).subarray(0, 7)), frame(CONTINUATION, 0, 1), frame(CONTINUATION, 0, 1, block(ANSWERED).subarray(7, 20)),
    frame(CONTINUATION, END_HEADERS, 1, block(ANSWERED).subarray(20)),
  ], fine: 200 },
  { section: '§6.10', name: 'refuses CONTINUATION on another stream', send: [frame(HEADERS, 0, 1, block(GET_REQUEST)), frame(CONTINUATION, END_HEADERS, 3)], connection: [PROTOCOL_ERROR] },
  { section: '§6.10', name: 'refuses CONTINUATION behind END_HEADERS', send: [open, frame(CONTINUATION, END_HEADERS, 1)], connection: [PROTOCOL_ERROR] },
  { section: '§6.10', name: 'refuses CONTINUATION behind CONTINUATION with END_HEADERS', send: [frame(HEADERS, 0, 1, block(POST)), frame(CONTINUATION, END_HEADERS, 1), frame(CONTINUATION, END_HEADERS, 1)], connection: [PROTOCOL_ERROR] },
  { section: '§6.10', name: 'refuses CONTINUATION on stream 0', send: [frame(CONTINUATION, END_HEADERS, 0)], connection: [PROTOCOL_ERROR] },
  { section: '§6.10', name: 'refuses DATA within a header block', send: [frame(HEADERS, 0, 1, block(POST)), data(1, 'x')], connection: [PROTOCOL_ERROR] },
  { section: '§7', name: 'takes error codes that nobody knows', send: [open, rstStream(1, 0xdead_beef), headers(3, ANSWERED, END_STREAM)], id: 3, fine: 200 },

  { section: '§8.1', name: 'refuses trailers without END_STREAM', send: [open, headers(1, [['x-sum', '1']])], stream: PROTOCOL_ERROR },
  { section: '§8.1', name: 'takes trailers', send: [headers(1, with_(ANSWERED, [':method', 'POST'])), data(1, 'x'), headers(1, [['x-sum', '1']], END_STREAM)], fine: 200 },
  { section: '§8.1', name: 'refuses pseudo-header fields in trailers', send: [open, headers(1, [[':path', '/']], END_STREAM)], stream: PROTOCOL_ERROR },
  { section: '§8.1.1', name: 'refuses less body than content-length', send: [headers(1, with_(POST, ['content-length', '2'])), data(1, 'x', END_STREAM)], stream: PROTOCOL_ERROR },
  { section: '§8.1.1', name: 'refuses more body than content-length', send: [headers(1, with_(POST, ['content-length', '2'])), data(1, 'x'), data(1, 'yz')], stream: PROTOCOL_ERROR },
  { section: '§8.1.1', name: 'refuses no body in spite of content-length', send: [headers(1, with_(POST, ['content-length', '2']), END_STREAM)], stream: PROTOCOL_ERROR },
  { section: '§8.1.1', name: 'refuses less body than content-length before trailers', send: [headers(1, with_(POST, ['content-length', '2'])), data(1, 'x'), headers(1, [['x', 'y']], END_STREAM)], stream: PROTOCOL_ERROR },
  { section: '§8.1.1', name: 'does not count padding as body', send: [headers(1, with_(ANSWERED, [':method', 'POST'], ['content-length', '2'])), frame(DATA, PADDED | END_STREAM, 1, Buffer.of(3, 1, 1, 0, 0, 0))], fine: 200 },
  malformed('RFC 9110 §8.6', 'refuses content-length that is no number', with_(POST, ['content-length', '+0'])),
  malformed('RFC 9110 §8.6', 'refuses two lengths', [...POST, ['content-length', '0'], ['content-length', '1']]),

  ...['A', 'aB', '', 'a b', 'a:b', ':', 'a\0', 'a\r', 'a\n', 'a\x7f', 'a\xe9', 'a(', 'a"'].map((name) => malformed('§8.2.1', `refuses the field name ${JSON.stringify(name)}`, [...GET_REQUEST, [name, 'x']])),
  ...['\0', 'a\0b', 'a\rb', 'a\nb', 'a\r\nb: c', ' a', 'a ', '\ta', 'a\t'].map((value) => malformed('§8.2.1', `refuses the field value ${JSON.stringify(value)}`, [...GET_REQUEST, ['x', value]])),
  { section: '§8.2.1', name: 'takes values with octets above 0x7f, white space within, and none', send: [headers(1, with_(ANSWERED, ['x', 'a \t \xff'], ['y', '']), END_STREAM)], fine: 200 },
  ...(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'] as const).map((name) => malformed('§8.2.2', `refuses ${name}`, [...GET_REQUEST, [name, 'close']])),
  malformed('§8.2.2', 'refuses te with anything but trailers', [...GET_REQUEST, ['te', 'trailers, gzip']]),
  { section: '§8.2.2', name: 'takes te: trailers', send: [headers(1, with_(ANSWERED, ['te', 'trailers']), END_STREAM)], fine: 200 },
  { section: '§8.2.2', name: 'refuses connection-specific fields in trailers', send: [open, headers(1, [['upgrade', 'h2c']], END_STREAM)], stream: PROTOCOL_ERROR },
  malformed('§8.3', 'refuses unknown pseudo-header fields', [...GET_REQUEST.slice(0, 1), [':test', 'x'], ...GET_REQUEST.slice(1)]),
  malformed('§8.3', 'refuses :status in a request', [[':status', '200'], ...GET_REQUEST]),
  malformed('§8.3', 'refuses pseudo-header fields behind others', [...GET_REQUEST.slice(0, 3), ['x', 'y'], ...GET_REQUEST.slice(3)]),
  ...[':method', ':scheme', ':path', ':authority'].map((name) => malformed('§8.3', `refuses ${name} twice`, [[name, '/'], ...GET_REQUEST])),
  ...[':method', ':scheme', ':path'].map((name) => malformed('§8.3.1', `refuses a request without ${name}`, without(GET_REQUEST, name))),
  ...['', 'x', '*', '/a b', '/a\tb', '/#a'].map((path) => malformed('§8.3.1', `refuses the :path ${JSON.stringify(path)}`, with_(GET_REQUEST, [':path', path]))),
  malformed('§8.3.1', 'refuses an empty :method', with_(GET_REQUEST, [':method', ''])),
  malformed('§8.3.1', 'refuses a :method that is no token', with_(GET_REQUEST, [':method', 'G T'])),
  malformed('§8.3.1', 'refuses an empty :scheme', with_(GET_REQUEST, [':scheme', ''])),
  malformed('§8.3.1', 'refuses a host that differs from :authority', with_(GET_REQUEST, ['host', 'elsewhere'])),
  malformed('§8.3.1', 'refuses user information in :authority', with_(GET_REQUEST, [':authority', 'user@localhost'])),
  { section: '§8.3.1', name: 'takes OPTIONS *', send: [headers(1, with_(ANSWERED, [':method', 'OPTIONS'], [':path', '*'], ['x-answer', 'now']), END_STREAM)], fine: 200 },
  { section: '§8.3.1', name: 'takes host in place of :authority', send: [headers(1, [...without(ANSWERED, ':authority'), ['host', 'localhost']], END_STREAM)], fine: 200 },
  malformed('§8.5', 'refuses CONNECT with :path and :scheme', with_(GET_REQUEST, [':method', 'CONNECT'])),
  malformed('§8.5', 'refuses CONNECT without :authority', [[':method', 'CONNECT']]),
  { section: '§8.5', name: 'takes CONNECT', send: [headers(1, [[':method', 'CONNECT'], [':authority', 'x:1'], ['x-answer', 'now']]), data(1, 'octets')], fine: 200 },
  { section: '§8.5', name: 'refuses trailers in what CONNECT opened', send: [headers(1, [[':method', 'CONNECT'], [':authority', 'x:1']]), headers(1, [['x', 'y']], END_STREAM)], stream: PROTOCOL_ERROR },
  malformed('RFC 8441 §4', 'refuses :protocol without CONNECT', [[':protocol', 'websocket'], ...GET_REQUEST]),
  malformed('RFC 8441 §4', 'refuses :protocol without :path and :scheme', [[':method', 'CONNECT'], [':protocol', 'websocket'], [':authority', 'x']]),
  { section: 'RFC 8441 §4', name: 'takes CONNECT with :protocol', send: [headers(1, with_([[':protocol', 'websocket'], ...GET_REQUEST], [':method', 'CONNECT'], ['x-answer', 'now'])), data(1, 'octets')], fine: 200 },
  { section: 'RFC 8441 §3', name: 'refuses ENABLE_CONNECT_PROTOCOL 2', send: [settings([8, 2])], connection: [PROTOCOL_ERROR] },
  { section: '§10.5.1', name: 'answers 431 to a header list above its limit', send: [
    frame(HEADERS, END_STREAM, 1, block(GET_REQUEST)),
    ...Array.from({ length: 5 }, (_, index) => frame(CONTINUATION, index === 4 ? END_HEADERS : 0, 1, block([['x', 'y'.repeat(16_000)]]))),
  ], fine: 431 },

  hpack('6.1', 'refuses index 0', Buffer.of(0x80)),
  hpack('2.3.3', 'refuses an index beyond the tables', Buffer.of(0xff, 0x7f)),
  hpack('2.3.3', 'refuses the name of an index beyond the tables', Buffer.of(0x7f, 0x7f, 1, 0x61)),
  hpack('4.2', 'refuses a table size update behind a field', Buffer.of(0x20)),
  hpack('5.1', 'refuses an integer that has no end', Buffer.of(0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01)),
  hpack('5.1', 'refuses a block that ends within an integer', Buffer.of(0xff, 0x80)),
  hpack('5.2', 'refuses a string longer than the block', Buffer.of(0x00, 0x05, 0x61)),
  hpack('5.2', 'refuses padding of more than 7 bits', huffman(0x1f, 0xff)),
  hpack('5.2', 'refuses padding that is not ones', huffman(0x18)),
  hpack('5.2', 'refuses EOS in a string', huffman(0xff, 0xff, 0xff, 0xff)),
  { section: 'RFC 7541 §6.3', name: 'refuses a table size above its limit', send: [frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat([Buffer.of(0x3f, 0xe2, 0x1f), block(GET_REQUEST)]))], connection: [COMPRESSION_ERROR] },
  { section: 'RFC 7541 §4.2', name: 'takes two table size updates', send: [frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat([Buffer.of(0x20, 0x3f, 0xe1, 0x1f), block(ANSWERED)]))], fine: 200 },
  { section: 'RFC 7541 §4.4', name: 'empties the table for an entry that is larger', send: [
    frame(HEADERS, END_HEADERS, 1, Buffer.concat([block(POST), Buffer.from('4001610162', 'hex')])),
    frame(HEADERS, END_STREAM, 3, Buffer.concat([block(GET_REQUEST), Buffer.from('400161', 'hex'), Buffer.of(0x7f, 0xe1, 0x1f), Buffer.alloc(4192, 0x61)])),
    frame(CONTINUATION, END_HEADERS, 3, Buffer.of(0xbe)),
  ], connection: [COMPRESSION_ERROR] },
];

/** Answers what asks to be answered at once, and what has ended. */
async function answerAll(peer: RawPeer): Promise<void> {
  for (;;) {
    const request_ = await peer.take(HEADERS);
    if (field(request_, ':path') !== '/now' && field(request_, 'x-answer') !== 'now') continue;
    peer.send(headers(request_.id, [[':status', '200']]), data(request_.id, 'hello', END_STREAM));
  }
}

describe('RFC 9113 with clients', () => {
  let pillion: Pillion;
  let server: RawServer;

  before(async () => {
    server = new RawServer([8, 1], [4, 0]);
    server.onPeer(answerAll);
    const port = await server.listen();
    pillion = await startPillion(`global\n  tune.h2.fe.max-concurrent-streams 4\n${grpcConfiguration([`server a 127.0.0.1:${port}`], 'grpc')}`);
  });

  after(async () => {
    await pillion.stop();
    server.close();
  });

  for (const { section, name, send, connection, stream, id = 1, fine } of RULES) {
    it(`${section}: ${name}`, async () => {
      const peer = await connectRaw(pillion.port);
      try {
        peer.send(...send);
        if (connection !== undefined) {
          const { code, last } = await peer.goAway();
          assert.ok(connection.includes(code), `GOAWAY with code ${code}, not ${connection.join(' or ')}`);
          assert.ok(last <= 101, 'the last stream is one that came');
          await peer.end();
          return;
        }
        if (stream !== undefined) assert.equal(await peer.resetCode(id), stream);
        if (typeof fine === 'number') assert.equal(field(await peer.take(HEADERS, id), ':status'), String(fine));
        await peer.settled();
        assert.deepEqual(peer.seen.filter((one) => one.type === GOAWAY), []);
        if (fine !== undefined) assert.deepEqual(peer.frames.filter((one) => one.type === RST_STREAM && one.id === id && one.payload.readUInt32BE(0) !== 0), []);
      } finally {
        peer.destroy();
      }
    });
  }

  it('§3.4: refuses another preface and a first frame that is not SETTINGS', async () => {
    for (const octets of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.concat([CLIENT_PREFACE, ping()]), Buffer.concat([CLIENT_PREFACE, frame(SETTINGS, ACK, 0)])]) {
      const socket = connect(pillion.port, '127.0.0.1');
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('error', () => {});
      socket.write(octets);
      await new Promise((resolve) => socket.once('end', resolve));
      socket.destroy();
      const got = Buffer.concat(chunks);
      assert.equal(got[3], SETTINGS, 'SETTINGS come first');
      assert.ok(got.includes(goAway(0, PROTOCOL_ERROR).subarray(9)), 'GOAWAY(PROTOCOL_ERROR)');
    }
  });

  it('RFC 9110 §9.3.2: answers HEAD without a body, errors too', async () => {
    const peer = await connectRaw(pillion.port);
    peer.send(frame(HEADERS, END_STREAM, 1, block(with_(GET_REQUEST, [':method', 'HEAD']))));
    peer.send(...Array.from({ length: 5 }, (_, index) => frame(CONTINUATION, index === 4 ? END_HEADERS : 0, 1, block([['x', 'y'.repeat(16_000)]]))));
    const response = await peer.take(HEADERS, 1);
    assert.deepEqual([field(response, ':status'), response.flags & END_STREAM], ['431', END_STREAM]);
    await peer.settled();
    assert.deepEqual(peer.frames.filter((one) => one.type === DATA), []);
    peer.destroy();
  });

  it('§6.5.3: acknowledges every SETTINGS frame', async () => {
    const peer = await connectRaw(pillion.port);
    peer.send(settings(), settings([1, 0]), settings([3, 5]));
    await peer.settled();
    assert.equal(peer.seen.filter((one) => one.type === SETTINGS && one.flags === ACK).length, 4);
    peer.destroy();
  });

  it('§6.9: sends what the windows of stream and connection allow, and goes on when they open', async () => {
    const peer = await connectRaw(pillion.port, [4, 2]);
    peer.send(headers(1, ANSWERED, END_STREAM));
    assert.equal((await peer.take(DATA, 1)).payload.toString(), 'he');
    await peer.settled();
    // §6.9.2: a smaller initial size makes the window negative.
    peer.send(settings([4, 0]), windowUpdate(1, 2));
    await peer.settled();
    assert.deepEqual(peer.frames.filter((one) => one.type === DATA), []);
    peer.send(windowUpdate(1, 1));
    assert.equal((await peer.take(DATA, 1)).payload.toString(), 'l');
    peer.send(settings([4, 65_535]));
    const last = await peer.take(DATA, 1);
    assert.deepEqual([last.payload.toString(), last.flags], ['lo', END_STREAM]);
    peer.destroy();
  });

  it('§6.9.1: gives back the connection window for DATA on streams that it reset', async () => {
    const peer = await connectRaw(pillion.port);
    peer.send(headers(1, with_(POST, ['A', 'b'])));
    assert.equal(await peer.resetCode(1), PROTOCOL_ERROR);
    for (let round = 0; round < 8; round++) {
      peer.send(...Array.from({ length: 80 }, () => data(1, Buffer.alloc(16_384))));
      await peer.settled(`round ${round} `.slice(0, 8));
    }
    const credited = peer.seen.filter((one) => one.type === WINDOW_UPDATE && one.id === 0).reduce((sum, one) => sum + one.payload.readUInt32BE(0), 0);
    assert.ok(credited > 16 * 2 ** 20, `${credited} octets`);
    peer.destroy();
  });
});
