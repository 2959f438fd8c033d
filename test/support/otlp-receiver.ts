/** Real OTLP receivers, over gRPC and over HTTP, that keep what they get. */
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

type Value = string | number | boolean;

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, Value>> | null;
}

interface WireSpan {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly traceState: string;
  readonly parentSpanId: Buffer;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly events: readonly { readonly timeUnixNano: string; readonly name: string; readonly attributes: readonly KeyValue[] }[];
  readonly status: { readonly message: string; readonly code: number } | null;
}

interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] } | null;
    readonly scopeSpans: readonly { readonly scope: { readonly name: string; readonly version: string } | null; readonly spans: readonly WireSpan[] }[];
  }[];
}

/** A span as received, ids in hexadecimal. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly events: readonly { readonly atMs: number; readonly name: string; readonly attributes: Readonly<Record<string, Value>> }[];
  /** 0 unset, 1 ok, 2 error. */
  readonly status: number;
  readonly statusMessage: string;
  readonly resource: Readonly<Record<string, Value>>;
  readonly scope: string;
}

export interface OtlpReceiver {
  /** `host:port` */
  readonly address: string;
  readonly spans: readonly ReceivedSpan[];
  /** Fields of the latest request's header section. */
  readonly lastHeaders: Readonly<Record<string, string>>;
  /** Resolves when `count` spans have come. */
  waitFor(count: number): Promise<readonly ReceivedSpan[]>;
  close(): Promise<void>;
}

const definition = loadSync(fileURLToPath(new URL('../fixtures/otlp-trace.proto', import.meta.url)), { longs: String, defaults: true, oneofs: false });
const service = definition['opentelemetry.proto.collector.trace.v1.TraceService'] as ServiceDefinition;

class Inbox extends EventEmitter {
  readonly spans: ReceivedSpan[] = [];
  lastHeaders: Record<string, string> = {};

  take(request: ExportRequest, headers: Record<string, string>): void {
    this.lastHeaders = headers;
    for (const { resource, scopeSpans } of request.resourceSpans) {
      const attributes = toObject(resource?.attributes ?? []);
      for (const { scope, spans } of scopeSpans) {
        for (const span of spans) this.spans.push(received(span, attributes, `${scope?.name}@${scope?.version}`));
      }
    }
    this.emit('spans');
  }

  async waitFor(count: number): Promise<readonly ReceivedSpan[]> {
    while (this.spans.length < count) await once(this, 'spans');
    return this.spans;
  }
}

function received(span: WireSpan, resource: Readonly<Record<string, Value>>, scope: string): ReceivedSpan {
  return {
    traceId: span.traceId.toString('hex'),
    spanId: span.spanId.toString('hex'),
    parentSpanId: span.parentSpanId.toString('hex'),
    traceState: span.traceState,
    name: span.name,
    kind: span.kind,
    startMs: Number(span.startTimeUnixNano) / 1e6,
    endMs: Number(span.endTimeUnixNano) / 1e6,
    attributes: toObject(span.attributes),
    events: span.events.map(({ timeUnixNano, name, attributes }) => ({ atMs: Number(timeUnixNano) / 1e6, name, attributes: toObject(attributes) })),
    status: span.status?.code ?? 0,
    statusMessage: span.status?.message ?? '',
    resource,
    scope,
  };
}

function toObject(pairs: readonly KeyValue[]): Record<string, Value> {
  return Object.fromEntries(pairs.map(({ key, value }) => {
    if (value?.['intValue'] !== undefined && value['stringValue'] === undefined) return [key, Number(value['intValue'])];
    return [key, Object.values(value ?? {})[0] ?? ''];
  }));
}

/** Listens on a free loopback port, or on `port`. */
export async function startGrpcReceiver(port = 0): Promise<OtlpReceiver> {
  const inbox = new Inbox();
  const server = new Server();
  server.addService(service, {
    Export(call: ServerUnaryCall<ExportRequest, object>, callback: sendUnaryData<object>) {
      const headers = Object.fromEntries(Object.entries(call.metadata.getMap()).map(([name, value]) => [name, String(value)]));
      inbox.take(call.request, headers);
      callback(null, {});
    },
  });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, actual) => (error === null ? resolve(actual) : reject(error)));
  });
  return {
    address: `127.0.0.1:${bound}`,
    spans: inbox.spans,
    get lastHeaders() {
      return inbox.lastHeaders;
    },
    waitFor: (count) => inbox.waitFor(count),
    close: async () => server.forceShutdown(),
  };
}

/** Takes POST /v1/traces with protobuf. */
export async function startHttpReceiver(): Promise<OtlpReceiver> {
  const inbox = new Inbox();
  const deserialize = (service['Export'] as { requestDeserialize(octets: Buffer): ExportRequest }).requestDeserialize;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method !== 'POST' || request.url !== '/v1/traces') return void response.writeHead(404).end();
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      inbox.take(deserialize(Buffer.concat(chunks)), headers);
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    spans: inbox.spans,
    get lastHeaders() {
      return inbox.lastHeaders;
    },
    waitFor: (count) => inbox.waitFor(count),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
