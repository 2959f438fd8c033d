/** RFC 9113 and 7541 rule by rule, from raw octets of a server: Pillion's client role. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import {
  ACK, block, CONTINUATION, data, DATA, END_HEADERS, END_STREAM, field, frame, GET_REQUEST, GOAWAY, goAway, headers, HEADERS, PADDED, ping, PING, PRIORITY,
  PUSH_PROMISE, RST_STREAM, rstStream, SETTINGS, settings, uint32, windowUpdate, WINDOW_UPDATE, type Fields,
} from '../support/frames.ts';
import { cleanUpAfterEach } from '../support/cleanup.ts';
import { grpcConfiguration, startPillion } from '../support/pillion.ts';
import { connectRaw, RawPeer, RawServer } from '../support/raw-peer.ts';

const [PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR, COMPRESSION_ERROR] = [1, 3, 5, 6, 9] as const;
const OK: Fields = [[':status', '200']];
const HEAD: Fields = GET_REQUEST.map(([name, value]) => [name, name === ':method' ? 'HEAD' : value]);
const TUNNEL: Fields = [[':method', 'CONNECT'], [':authority', 'x:1']];

interface Rule {
  readonly section: string;
  readonly name: string;
  /** What the server says to the request on stream 1. */
  readonly send: readonly Uint8Array[];
  readonly request?: Fields;
  /** The request's body is to come. */
  readonly open?: true;
  /** The client takes no body. */
  readonly stalls?: true;
  /** Pillion ends the server's connection with GOAWAY and one of these codes. */
  readonly connection?: readonly number[];
  /** Pillion resets stream 1 with this code and goes on with the connection. */
  readonly stream?: number;
  /** What the client hears: a status, or a code of RST_STREAM. */
  readonly status?: string;
  readonly reset?: number;
}

const whole = [headers(1, OK), data(1, 'hello', END_STREAM)];
const wrong = (section: string, name: string, ...send: readonly Uint8Array[]): Rule => ({ section, name, send, connection: [PROTOCOL_ERROR], status: '502' });
const size = (section: string, name: string, ...send: readonly Uint8Array[]): Rule => ({ section, name, send, connection: [FRAME_SIZE_ERROR], status: '502' });
const malformed = (section: string, name: string, fields: Fields): Rule => ({ section, name, send: [headers(1, fields)], stream: PROTOCOL_ERROR, status: '502' });
const fine = (section: string, name: string, ...send: readonly Uint8Array[]): Rule => ({ section, name, send, status: '200' });
const hpack = (section: string, name: string, octets: Uint8Array): Rule => ({
  section: `RFC 7541 §${section}`, name, send: [frame(HEADERS, END_HEADERS, 1, Buffer.concat([block(OK), octets]))], connection: [COMPRESSION_ERROR], status: '502',
});

const RULES: readonly Rule[] = [
  fine('§4.1', 'ignores frames of unknown types, flags that are not defined and reserved bits', frame(0x7b, 0xff, 0, Buffer.from('x')), ping('abcdefgh', 0xfe), headers(0x8000_0001, OK, 0xd2), data(0x8000_0001, 'x', END_STREAM | 0xf6)),
  { ...size('§4.2', 'refuses a frame above the maximum', headers(1, OK), data(1, Buffer.alloc(16_385))), status: '200' },
  { ...hpack('2.3.3', 'refuses a header block that does not decode', Buffer.of(0xff)), section: '§4.3' },
  wrong('§5.1', 'idle: refuses HEADERS', headers(3, OK)),
  wrong('§5.1', 'idle: refuses DATA', data(3, 'x')),
  wrong('§5.1', 'idle: refuses RST_STREAM', rstStream(3, 0)),
  wrong('§5.1', 'idle: refuses WINDOW_UPDATE', windowUpdate(3, 1)),
  fine('§5.1', 'idle: takes PRIORITY', frame(PRIORITY, 0, 9, Buffer.of(0, 0, 0, 0, 1)), ...whole),
  { section: '§5.1', name: 'closed: refuses DATA', send: [...whole, data(1, 'x')], connection: [STREAM_CLOSED], status: '200' },
  { section: '§5.1', name: 'closed: refuses HEADERS', send: [...whole, headers(1, OK)], connection: [STREAM_CLOSED], status: '200' },
  { section: '§5.1', name: 'half-closed (remote): refuses DATA', open: true, send: [...whole, data(1, 'x')], stream: STREAM_CLOSED, status: '200' },
  { section: '§5.1', name: 'half-closed (remote): refuses HEADERS', open: true, send: [...whole, headers(1, OK, END_STREAM)], stream: STREAM_CLOSED, status: '200' },
  fine('§5.1', 'closed: takes RST_STREAM, WINDOW_UPDATE and PRIORITY', ...whole, rstStream(1, 0), windowUpdate(1, 1), frame(PRIORITY, 0, 1, Buffer.of(0, 0, 0, 0, 3))),
  wrong('§5.1.1', 'refuses a stream of the server\'s own', headers(2, OK)),
  wrong('§6.1', 'refuses DATA on stream 0', data(0, 'x')),
  wrong('§6.1', 'refuses padding as long as the frame', frame(DATA, PADDED, 1, Buffer.of(3, 1, 1))),
  wrong('§6.2', 'refuses HEADERS on stream 0', headers(0, OK)),
  wrong('§6.2', 'refuses padding longer than HEADERS', frame(HEADERS, END_HEADERS | PADDED, 1, Buffer.concat([Buffer.of(255), block(OK)]))),
  wrong('§6.3', 'refuses PRIORITY on stream 0', frame(PRIORITY, 0, 0, Buffer.alloc(5))),
  wrong('§6.4', 'refuses RST_STREAM on stream 0', rstStream(0, 0)),
  size('§6.4', 'refuses RST_STREAM that is not 4 octets', frame(RST_STREAM, 0, 1, Buffer.alloc(5))),
  { section: '§6.4', name: 'passes codes on', send: [rstStream(1, 0x1234)], reset: 0x1234 },
  wrong('§6.5', 'refuses SETTINGS on a stream', frame(SETTINGS, 0, 1)),
  size('§6.5', 'refuses SETTINGS ACK with a payload', frame(SETTINGS, ACK, 0, Buffer.alloc(6))),
  size('§6.5', 'refuses SETTINGS of another length than a multiple of 6', frame(SETTINGS, 0, 0, Buffer.alloc(5))),
  wrong('§6.5.2', 'refuses ENABLE_PUSH 1 from a server', settings([2, 1])),
  fine('§6.5.2', 'takes ENABLE_PUSH 0 from a server', settings([2, 0]), ...whole),
  { section: '§6.5.2', name: 'refuses INITIAL_WINDOW_SIZE 2^31', send: [settings([4, 2 ** 31])], connection: [FLOW_CONTROL_ERROR], status: '502' },
  wrong('§6.5.2', 'refuses MAX_FRAME_SIZE 16383', settings([5, 16_383])),
  wrong('§6.5.2', 'refuses MAX_FRAME_SIZE 2^24', settings([5, 2 ** 24])),
  wrong('RFC 8441 §3', 'refuses ENABLE_CONNECT_PROTOCOL 0 after 1', settings([8, 1]), settings([8, 0])),
  fine('§6.5.2', 'ignores unknown settings', settings([0x77, 9]), ...whole),
  wrong('§6.6', 'refuses PUSH_PROMISE', frame(PUSH_PROMISE, END_HEADERS, 1, Buffer.concat([uint32(2), block(GET_REQUEST)]))),
  wrong('§6.7', 'refuses PING on a stream', frame(PING, 0, 1, Buffer.alloc(8))),
  size('§6.7', 'refuses PING that is not 8 octets', frame(PING, 0, 0, Buffer.alloc(9))),
  wrong('§6.8', 'refuses GOAWAY on a stream', frame(GOAWAY, 0, 1, uint32(0, 0))),
  size('§6.8', 'refuses GOAWAY shorter than 8 octets', frame(GOAWAY, 0, 0, Buffer.alloc(7))),
  { section: '§6.8', name: 'refuses GOAWAY that takes more streams than one before', send: [goAway(1, 0), goAway(3, 0)], connection: [PROTOCOL_ERROR], status: '502' },
  size('§6.9', 'refuses WINDOW_UPDATE that is not 4 octets', frame(WINDOW_UPDATE, 0, 0, Buffer.alloc(5))),
  wrong('§6.9', 'refuses WINDOW_UPDATE of 0 on the connection', windowUpdate(0, 0)),
  { section: '§6.9', name: 'refuses WINDOW_UPDATE of 0 on a stream', open: true, send: [windowUpdate(1, 0)], stream: PROTOCOL_ERROR, status: '502' },
  { section: '§6.9.1', name: 'refuses a connection window above 2^31-1', send: [windowUpdate(0, 0x7fff_ffff)], connection: [FLOW_CONTROL_ERROR], status: '502' },
  { section: '§6.9.1', name: 'refuses a stream window above 2^31-1', open: true, send: [windowUpdate(1, 0x7fff_ffff)], stream: FLOW_CONTROL_ERROR, status: '502' },
  { section: '§6.9.1', name: 'refuses DATA beyond the stream window', stalls: true, send: [headers(1, OK), ...Array.from({ length: 5 }, () => data(1, Buffer.alloc(16_384)))], stream: FLOW_CONTROL_ERROR, status: '200' },
  { section: '§6.9.2', name: 'refuses INITIAL_WINDOW_SIZE that makes a window overflow', open: true, send: [windowUpdate(1, 0x7fff_ffff - 65_535), settings([4, 65_536])], connection: [FLOW_CONTROL_ERROR], status: '502' },
  fine('§6.10', 'takes a header block in pieces', frame(HEADERS, 0, 1, block(OK).subarray(0, 3)), frame(CONTINUATION, 0, 1), frame(CONTINUATION, END_HEADERS, 1, block(OK).subarray(3)), data(1, 'x', END_STREAM)),
  wrong('§6.10', 'refuses a frame within a header block', frame(HEADERS, 0, 1, block(OK)), ping()),
  wrong('§6.10', 'refuses CONTINUATION without HEADERS', frame(CONTINUATION, END_HEADERS, 1, block(OK))),

  { section: '§8.1', name: 'refuses DATA before the response', send: [data(1, 'x')], stream: PROTOCOL_ERROR, status: '502' },
  { section: '§8.1', name: 'refuses DATA behind an informational response', send: [headers(1, [[':status', '103']]), data(1, 'x')], stream: PROTOCOL_ERROR, status: '103' },
  { section: '§8.1', name: 'refuses an informational response with END_STREAM', send: [headers(1, [[':status', '103']], END_STREAM)], stream: PROTOCOL_ERROR, status: '502' },
  { section: '§8.1', name: 'refuses trailers without END_STREAM', send: [headers(1, OK), headers(1, [['x', 'y']])], stream: PROTOCOL_ERROR, status: '200' },
  { section: '§8.1', name: 'refuses :status in trailers', send: [headers(1, OK), headers(1, OK, END_STREAM)], stream: PROTOCOL_ERROR, status: '200' },
  fine('§8.1', 'takes trailers', headers(1, OK), data(1, 'x'), headers(1, [['x', 'y']], END_STREAM)),
  { section: '§8.1', name: 'passes on a whole response before the request has ended, and NO_ERROR', open: true, send: [...whole, rstStream(1, 0)], status: '200', reset: 0 },
  ...(['1', '3', '-1', '1,1', ''] as const).map((length): Rule => ({
    section: '§8.1.1', name: `refuses a body of 2 octets with the content-length ${JSON.stringify(length)}`,
    send: [headers(1, [...OK, ['content-length', length]]), data(1, 'xy', END_STREAM)], stream: PROTOCOL_ERROR, status: /^\d+$/.test(length) ? '200' : '502',
  })),
  { section: '§8.1.1', name: 'takes a content-length without body in answer to HEAD', request: HEAD, send: [headers(1, [...OK, ['content-length', '5']], END_STREAM)], status: '200' },
  { section: '§8.1.1', name: 'takes one in answer to HEAD with a body to come', request: HEAD, open: true, send: [headers(1, [...OK, ['content-length', '5']]), data(1, '', END_STREAM)], status: '200' },
  { section: '§8.1.1', name: 'takes one with 304', send: [headers(1, [[':status', '304'], ['content-length', '5']], END_STREAM)], status: '304' },
  { section: 'RFC 9110 §6.4.1', name: 'refuses a body in answer to HEAD', request: HEAD, send: [headers(1, OK), data(1, 'x')], stream: PROTOCOL_ERROR, status: '200' },
  { section: 'RFC 9110 §6.4.1', name: 'refuses a body of 204', send: [headers(1, [[':status', '204']]), data(1, 'x')], stream: PROTOCOL_ERROR, status: '204' },
  ...['A', '', 'a b', 'a\0', 'a\n', ':x'].map((name) => malformed('§8.2.1', `refuses the field name ${JSON.stringify(name)}`, [...OK, [name, 'x']])),
  ...['a\0b', 'a\rb', 'a\nb', ' a', 'a\t'].map((value) => malformed('§8.2.1', `refuses the field value ${JSON.stringify(value)}`, [...OK, ['x', value]])),
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'].map((name) => malformed('§8.2.2', `refuses ${name}`, [...OK, [name, 'x']])),
  malformed('§8.3', 'refuses pseudo-header fields of requests', [...OK, [':path', '/']]),
  malformed('§8.3', 'refuses :status behind another field', [['x', 'y'], ...OK]),
  malformed('§8.3', 'refuses :status twice', [...OK, ...OK]),
  malformed('§8.3.2', 'refuses a response without :status', [['x', 'y']]),
  ...['', '20', '2000', 'abc', '099'].map((status) => malformed('§8.3.2', `refuses the :status ${JSON.stringify(status)}`, [[':status', status]])),
  { section: '§8.5', name: 'takes no content-length for what CONNECT opened', request: TUNNEL, open: true, send: [headers(1, [...OK, ['content-length', '0']]), data(1, 'octets')], status: '200' },
  { section: '§8.5', name: 'refuses trailers in what CONNECT opened', request: TUNNEL, open: true, send: [headers(1, OK), headers(1, [['x', 'y']], END_STREAM)], stream: PROTOCOL_ERROR, status: '200' },
  { section: '§8.5', name: 'takes a refusal of CONNECT like any response', request: TUNNEL, open: true, send: [headers(1, [[':status', '403'], ['content-length', '1']]), data(1, 'x'), headers(1, [['x', 'y']], END_STREAM)], status: '403' },
  malformed('§8.6', 'refuses 101', [[':status', '101']]),

  hpack('6.1', 'refuses index 0', Buffer.of(0x80)),
  hpack('4.2', 'refuses a table size update behind a field', Buffer.of(0x20)),
  hpack('5.1', 'refuses an integer that has no end', Buffer.of(0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01)),
  hpack('5.2', 'refuses a string longer than the block', Buffer.of(0x00, 0x05, 0x61)),
  hpack('5.2', 'refuses EOS in a string', Buffer.of(0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 1, 0x61)),
];

describe('RFC 9113 with servers', () => {
  const defer = cleanUpAfterEach();

  async function setUp(...values: readonly (readonly [number, number])[]): Promise<{ server: RawServer; client: RawPeer }> {
    const server = new RawServer(...values);
    defer(() => server.close());
    const pillion = await startPillion(grpcConfiguration([`server a 127.0.0.1:${await server.listen()}`], 'grpc'));
    defer(() => pillion.stop());
    const client = await connectRaw(pillion.port);
    defer(() => client.destroy());
    return { server, client };
  }

  for (const { section, name, send, request = GET_REQUEST, open, stalls, connection, stream, status, reset } of RULES) {
    it(`${section}: ${name}`, async () => {
      const { server, client } = await setUp();
      if (stalls === true) client.send(settings([4, 0]));
      client.send(headers(1, request, open === true ? 0 : END_STREAM));
      const peer = await server.accept();
      await peer.take(HEADERS, 1);
      peer.send(...send);
      if (connection !== undefined) {
        const { code, last } = await peer.goAway();
        assert.ok(connection.includes(code), `GOAWAY with code ${code}, not ${connection.join(' or ')}`);
        assert.equal(last, 0);
        await peer.end();
      } else {
        if (stream !== undefined) assert.equal(await peer.resetCode(1), stream);
        await peer.settled();
        assert.deepEqual(peer.seen.filter((one) => one.type === GOAWAY), []);
        if (stream === undefined) assert.deepEqual(peer.seen.filter((one) => one.type === RST_STREAM), []);
      }
      if (status !== undefined) assert.equal(field(await client.take(HEADERS, 1), ':status'), status);
      if (reset !== undefined) assert.equal(await client.resetCode(1), reset);
      // The client's connection is none the worse for it.
      await client.settled();
      assert.deepEqual(client.seen.filter((one) => one.type === GOAWAY), []);
    });
  }

  it('§3.4: refuses a first frame that is not SETTINGS', async () => {
    const server = createServer((socket) => {
      const peer = new RawPeer(socket, true);
      peer.send(ping());
      peers.push(peer);
    }).listen(0, '127.0.0.1');
    const peers: RawPeer[] = [];
    await once(server, 'listening');
    defer(() => server.close());
    defer(() => peers.forEach((peer) => peer.destroy()));
    const pillion = await startPillion(grpcConfiguration([`server a 127.0.0.1:${(server.address() as AddressInfo).port}`, 'retries 0'], 'grpc'));
    defer(() => pillion.stop());
    const client = await connectRaw(pillion.port);
    defer(() => client.destroy());
    client.send(headers(1, GET_REQUEST, END_STREAM));
    assert.equal(field(await client.take(HEADERS, 1), ':status'), '503');
    assert.equal((await (peers[0] as RawPeer).goAway()).code, PROTOCOL_ERROR);
  });

  it('§5.1.1: opens streams with odd identifiers, one above the other, and no more at once than allowed (§5.1.2)', async () => {
    const { server, client } = await setUp([3, 2]);
    client.send(...[1, 3, 5].map((id) => headers(id, GET_REQUEST, END_STREAM)));
    const peer = await server.accept();
    assert.deepEqual([(await peer.take(HEADERS)).id, (await peer.take(HEADERS)).id], [1, 3]);
    await peer.settled();
    assert.equal(peer.frames.some((one) => one.type === HEADERS), false);
  });

  it('§6.7: answers PING with the same octets', async () => {
    const { server, client } = await setUp();
    client.send(headers(1, GET_REQUEST, END_STREAM));
    const peer = await server.accept();
    peer.send(ping('12345678'));
    const { flags, payload } = await peer.take(PING);
    assert.deepEqual([flags, payload.toString()], [ACK, '12345678']);
  });

  it('§6.9.2: keeps to windows that shrink while it sends', async () => {
    const { server, client } = await setUp([4, 4]);
    client.send(headers(1, GET_REQUEST.map(([name, value]) => [name, name === ':method' ? 'POST' : value])), data(1, 'abcdefgh', END_STREAM));
    const peer = await server.accept();
    assert.equal((await peer.take(DATA, 1)).payload.toString(), 'abcd');
    peer.send(settings([4, 1]), windowUpdate(1, 3));
    await peer.settled();
    assert.equal(peer.frames.some((one) => one.type === DATA), false);
    peer.send(windowUpdate(1, 4));
    const { payload, flags } = await peer.take(DATA, 1);
    assert.deepEqual([payload.toString(), flags], ['efgh', END_STREAM]);
  });

  it('§8.5: opens a tunnel to a server, both ways', async () => {
    const { server, client } = await setUp();
    client.send(headers(1, TUNNEL), data(1, 'from the client'));
    const peer = await server.accept();
    assert.deepEqual((await peer.take(HEADERS, 1)).fields, TUNNEL);
    assert.equal((await peer.take(DATA, 1)).payload.toString(), 'from the client');
    peer.send(headers(1, OK), data(1, 'from the server', END_STREAM));
    assert.equal((await client.take(DATA, 1)).payload.toString(), 'from the server');
    client.send(data(1, '', END_STREAM));
    assert.equal((await peer.take(DATA, 1)).flags, END_STREAM);
  });

  it('RFC 8441 §3: asks for a protocol only where the server takes that', async () => {
    const websocket: Fields = [[':method', 'CONNECT'], [':protocol', 'websocket'], [':scheme', 'http'], [':path', '/'], [':authority', 'x']];
    const able = await setUp([8, 1]);
    able.client.send(headers(1, websocket));
    const peer = await able.server.accept();
    assert.deepEqual((await peer.take(HEADERS, 1)).fields, websocket);
    const unable = await setUp();
    unable.client.send(headers(1, websocket));
    assert.match(String(field(await unable.client.take(HEADERS, 1), ':status')), /^50\d$/);
    for (const one of unable.server.peers) assert.equal(one.seen.some(({ type }) => type === HEADERS), false);
  });

  it('§8.7: takes streams above GOAWAY\'s last for unprocessed', async () => {
    const { server, client } = await setUp();
    client.send(headers(1, GET_REQUEST, END_STREAM), headers(3, GET_REQUEST, END_STREAM));
    const first = await server.accept();
    await first.take(HEADERS, 3);
    first.send(goAway(1, 0), headers(1, OK, END_STREAM));
    const second = await server.accept();
    second.send(headers((await second.take(HEADERS)).id, [[':status', '201']], END_STREAM));
    assert.equal(field(await client.take(HEADERS, 1), ':status'), '200');
    assert.equal(field(await client.take(HEADERS, 3), ':status'), '201');
  });
});
