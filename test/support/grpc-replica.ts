/** A real gRPC server and client with a method of each kind; messages are octets, so that tests say exactly what is sent. */
import { once } from 'node:events';
import * as grpc from '@grpc/grpc-js';
import type { Health } from '../../sidecar/demo/health.ts';
import { healthService } from '../../sidecar/demo/services.ts';

const identity = (octets: Buffer): Buffer => octets;

function method(name: string, requestStream: boolean, responseStream: boolean): grpc.MethodDefinition<Buffer, Buffer> {
  return {
    path: `/test.Echo/${name}`, requestStream, responseStream,
    requestSerialize: identity, requestDeserialize: identity, responseSerialize: identity, responseDeserialize: identity,
  };
}

const SERVICE = {
  unary: method('Unary', false, false),
  serverStream: method('ServerStream', false, true),
  clientStream: method('ClientStream', true, false),
  bidi: method('Bidi', true, true),
};

export interface Handlers {
  readonly unary?: grpc.handleUnaryCall<Buffer, Buffer>;
  readonly serverStream?: grpc.handleServerStreamingCall<Buffer, Buffer>;
  readonly clientStream?: grpc.handleClientStreamingCall<Buffer, Buffer>;
  readonly bidi?: grpc.handleBidiStreamingCall<Buffer, Buffer>;
}

/** Largest message that either side takes, octets. */
const MAX_MESSAGE = 8 * 1024 * 1024;
const LIMITS = { 'grpc.max_receive_message_length': MAX_MESSAGE, 'grpc.max_send_message_length': MAX_MESSAGE };

export interface Replica {
  readonly port: number;
  /** Calls that came, of any kind. */
  calls: number;
  /** Answers all that runs, takes nothing new. */
  drain(): Promise<void>;
  kill(): void;
}

export interface ReplicaOptions {
  /** A grpc-js target; port 0, which is the default, takes a free one. */
  readonly target?: string;
  /** Its grpc.health.v1 service, if it has one. */
  readonly health?: Health;
  readonly credentials?: grpc.ServerCredentials;
}

/** The default of each method is an echo. */
export async function startReplica(handlers: Handlers = {}, { target = '127.0.0.1:0', health, credentials = grpc.ServerCredentials.createInsecure() }: ReplicaOptions = {}): Promise<Replica> {
  const server = new grpc.Server(LIMITS);
  if (health !== undefined) server.addService(healthService(), health.handlers());
  const replica: Replica & { port: number } = {
    port: 0,
    calls: 0,
    drain: () => new Promise((resolve, reject) => server.tryShutdown((error) => (error ? reject(error) : resolve()))),
    kill: () => server.forceShutdown(),
  };
  const counted = <A extends unknown[]>(handler: (...call: A) => void) => (...call: A): void => {
    replica.calls++;
    handler(...call);
  };
  const { unary, serverStream, clientStream, bidi } = { ...ECHO, ...handlers };
  server.addService(SERVICE, { unary: counted(unary), serverStream: counted(serverStream), clientStream: counted(clientStream), bidi: counted(bidi) });
  replica.port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(target, credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
  return replica;
}

const ECHO: Required<Handlers> = {
  unary: (call, callback) => callback(null, call.request),
  serverStream: (call) => {
    for (const octet of call.request) call.write(Buffer.of(octet));
    call.end();
  },
  clientStream: (call, callback) => {
    const parts: Buffer[] = [];
    call.on('data', (part: Buffer) => parts.push(part));
    call.on('end', () => callback(null, Buffer.concat(parts)));
  },
  bidi: (call) => {
    call.on('data', (part: Buffer) => {
      if (call.write(part)) return;
      call.pause();
      call.once('drain', () => call.resume());
    });
    call.on('end', () => call.end());
  },
};

export interface Answer {
  readonly response: Buffer;
  readonly metadata: grpc.Metadata;
  readonly status: grpc.StatusObject;
}

/** Each instance has connections of its own. */
export class EchoClient extends grpc.Client {
  constructor(target: string, options: grpc.ClientOptions = {}, credentials: grpc.ChannelCredentials = grpc.credentials.createInsecure()) {
    super(target, credentials, { ...LIMITS, 'grpc.use_local_subchannel_pool': 1, 'grpc.enable_retries': 0, ...options });
  }

  /** @throws grpc.ServiceError */
  async unary(request: Uint8Array | string, options: grpc.CallOptions = {}, metadata: grpc.Metadata = new grpc.Metadata()): Promise<Answer> {
    return await new Promise((resolve, reject) => {
      let headers = new grpc.Metadata();
      let response: Buffer = Buffer.alloc(0);
      const call = this.makeUnaryRequest(SERVICE.unary.path, identity, identity, Buffer.from(request as string), metadata, options, (error, octets) => {
        if (error !== null) reject(error);
        else response = octets ?? response;
      });
      call.on('metadata', (received: grpc.Metadata) => {
        headers = received;
      });
      call.on('status', (status: grpc.StatusObject) => resolve({ response, metadata: headers, status }));
    });
  }

  /** The call itself, to cancel it; the answer fails or not. */
  startUnary(request: Uint8Array | string, options: grpc.CallOptions = {}): { readonly call: grpc.ClientUnaryCall; readonly answer: Promise<Buffer> } {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const call = this.makeUnaryRequest(SERVICE.unary.path, identity, identity, Buffer.from(request as string), new grpc.Metadata(), options, (error, octets) => {
      if (error !== null) reject(error);
      else resolve(octets ?? Buffer.alloc(0));
    });
    promise.catch(() => {});
    return { call, answer: promise };
  }

  serverStream(request: Uint8Array | string, options: grpc.CallOptions = {}, metadata: grpc.Metadata = new grpc.Metadata()): grpc.ClientReadableStream<Buffer> {
    return this.makeServerStreamRequest(SERVICE.serverStream.path, identity, identity, Buffer.from(request as string), metadata, options);
  }

  clientStream(options: grpc.CallOptions = {}, metadata: grpc.Metadata = new grpc.Metadata()): { readonly call: grpc.ClientWritableStream<Buffer>; readonly answer: Promise<Buffer> } {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const call = this.makeClientStreamRequest(SERVICE.clientStream.path, identity, identity, metadata, options, (error, octets) => {
      if (error !== null) reject(error);
      else resolve(octets ?? Buffer.alloc(0));
    });
    promise.catch(() => {});
    return { call, answer: promise };
  }

  bidi(options: grpc.CallOptions = {}, metadata: grpc.Metadata = new grpc.Metadata()): grpc.ClientDuplexStream<Buffer, Buffer> {
    return this.makeBidiStreamRequest(SERVICE.bidi.path, identity, identity, metadata, options);
  }
}

/** All messages of a stream. @throws grpc.ServiceError */
export async function collect(call: grpc.ClientReadableStream<Buffer> | grpc.ClientDuplexStream<Buffer, Buffer>): Promise<Buffer[]> {
  const messages: Buffer[] = [];
  for await (const octets of call) messages.push(octets as Buffer);
  return messages;
}

/** Handlers that keep calls open until the test ends them. */
export class HeldCalls {
  readonly calls: grpc.ServerDuplexStream<Buffer, Buffer>[] = [];
  readonly handlers: Handlers = {
    bidi: (call) => {
      this.calls.push(call);
      call.on('data', () => {});
      call.on('end', () => call.end());
      // Metadata tells the client that the call has come.
      call.sendMetadata(new grpc.Metadata());
    },
  };
}

/** Opens `count` bidi calls and waits until a server has each. */
export async function openCalls(client: EchoClient, count: number): Promise<grpc.ClientDuplexStream<Buffer, Buffer>[]> {
  const calls = Array.from({ length: count }, () => {
    const call = client.bidi();
    call.on('error', () => {});
    call.on('data', () => {});
    return call;
  });
  await Promise.all(calls.map((call) => once(call, 'metadata')));
  return calls;
}
