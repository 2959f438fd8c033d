/** A nameserver that answers by a table: RFC 1035 messages, built here octet by octet. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export const A = 1;
export const AAAA = 28;
const NXDOMAIN = 3;

/** Addresses by name and type; null: the name does not exist; 'silent': no answer. */
export type Zone = Readonly<Record<string, null | 'silent' | { readonly [A]?: readonly number[][]; readonly [AAAA]?: readonly number[][] }>>;

export interface Nameserver {
  readonly port: number;
  /** Names and types, in the order of the questions. */
  readonly asked: string[];
  close(): void;
}

/** Answers on a free loopback port by what `zone` says at the time. */
export async function startNameserver(zone: Zone): Promise<Nameserver> {
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
  return { port: socket.address().port, asked, close: () => socket.close() };
}
