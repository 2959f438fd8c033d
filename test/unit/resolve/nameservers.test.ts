/** Questions to a nameserver that answers by a table: RFC 1035 messages, built here octet by octet. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { askNameservers } from '../../../src/resolve/nameservers.ts';
import { cleanUpAfterEach } from '../../support/cleanup.ts';

const A = 1;
const AAAA = 28;
const NXDOMAIN = 3;

/** Addresses by name and type; null: the name does not exist; 'silent': no answer. */
type Zone = Readonly<Record<string, null | 'silent' | { readonly [A]?: readonly number[][]; readonly [AAAA]?: readonly number[][] }>>;

describe('nameservers of a resolvers section', () => {
  const defer = cleanUpAfterEach();

  async function nameserver(zone: Zone): Promise<{ port: number; asked: string[] }> {
    const socket = createSocket('udp4');
    const asked: string[] = [];
    socket.on('message', (question, from) => {
      let at = 12;
      const labels: string[] = [];
      for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
        labels.push(question.toString('latin1', at + 1, at + 1 + length));
        at += 1 + length;
      }
      const name = labels.join('.');
      const type = question.readUInt16BE(at + 1);
      asked.push(`${name} ${type}`);
      const known = zone[name] ?? null;
      if (known === 'silent') return;
      const addresses = type === A || type === AAAA ? known?.[type] ?? [] : [];
      const header = Buffer.alloc(12);
      header.writeUInt16BE(question.readUInt16BE(0), 0);
      header.writeUInt16BE(0x8180 | (known === null ? NXDOMAIN : 0), 2);
      header.writeUInt16BE(1, 4);
      header.writeUInt16BE(addresses.length, 6);
      const answers = addresses.map((octets) => Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, octets.length, ...octets]));
      socket.send(Buffer.concat([header, question.subarray(12, at + 5), ...answers]), from.port, from.address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    defer(() => socket.close());
    return { port: (socket.address() as AddressInfo).port, asked };
  }

  const lookup = (port: number, tries = 1): ReturnType<typeof askNameservers> =>
    askNameservers({ nameservers: [{ host: '127.0.0.1', port }], system: false, tries, timeoutMs: 200, holdValidMs: 1000 });

  it('gives the addresses of both families', async () => {
    const { port, asked } = await nameserver({ 'web.test': { [A]: [[10, 0, 0, 1], [10, 0, 0, 2]], [AAAA]: [[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]] } });
    assert.deepEqual((await lookup(port)('web.test')).toSorted(), ['10.0.0.1', '10.0.0.2', 'fd00::1']);
    assert.deepEqual(asked.toSorted(), ['web.test 1', 'web.test 28']);
  });

  it('takes one family when the other is missing', async () => {
    const { port } = await nameserver({ 'web.test': { [A]: [[10, 0, 0, 1]] } });
    assert.deepEqual(await lookup(port)('web.test'), ['10.0.0.1']);
  });

  it('rejects for a name that does not exist', async () => {
    const { port } = await nameserver({});
    await assert.rejects(async () => await lookup(port)('web.test'), { code: 'ENOTFOUND' });
  });

  it('asks as often as it was told when nobody answers', async () => {
    const { port, asked } = await nameserver({ 'web.test': 'silent' });
    await assert.rejects(async () => await lookup(port, 2)('web.test'), { code: 'ETIMEOUT' });
    assert.equal(asked.filter((question) => question === 'web.test 1').length, 2);
  });
});
