/** A client of pillion.demo.v1.Echo whose methods make one checked call each. */
import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import type { CallOptions, Client, ClientDuplexStream, ClientReadableStream, ClientWritableStream, ServiceError } from '@grpc/grpc-js';
import { echoService } from './services.ts';
import type { CollectResponse, RepeatRequest, SayRequest, SayResponse } from './services.ts';

const TEXT = 'pillion';
const MESSAGES = 5;
const DEADLINE_MS = 10_000;

/** Each method makes a call, checks the answer, and resolves to the replica that gave it. It rejects with an error to show. */
export interface EchoClient {
  readonly say: () => Promise<string>;
  readonly repeat: () => Promise<string>;
  readonly collect: () => Promise<string>;
  readonly chat: () => Promise<string>;
  readonly close: () => void;
}

interface Methods extends Client {
  say(request: SayRequest, options: CallOptions, done: (error: ServiceError | null, answer?: SayResponse) => void): void;
  repeat(request: RepeatRequest, options: CallOptions): ClientReadableStream<SayResponse>;
  collect(
    options: CallOptions,
    done: (error: ServiceError | null, answer?: CollectResponse) => void,
  ): ClientWritableStream<SayRequest>;
  chat(options: CallOptions): ClientDuplexStream<SayRequest, SayResponse>;
}

export function createEchoClient(target: string): EchoClient {
  const Constructor = makeGenericClientConstructor(echoService(), 'Echo');
  const client = new Constructor(target, credentials.createInsecure()) as unknown as Methods;
  const options = (): CallOptions => ({ deadline: Date.now() + DEADLINE_MS });

  return {
    say: () => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      client.say({ text: TEXT }, options(), (error, answer) => {
        if (error !== null) reject(error);
        else if (answer?.text !== TEXT) reject(new Error(`answered '${answer?.text}' instead of '${TEXT}'`));
        else resolve(answer.replica);
      });
      return promise;
    },
    repeat: () => answers(client.repeat({ text: TEXT, repeat: MESSAGES }, options())),
    collect: () => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const call = client.collect(options(), (error, answer) => {
        if (error !== null) reject(error);
        else if (answer?.count !== MESSAGES || answer.length !== MESSAGES * TEXT.length) {
          reject(new Error(`counted ${answer?.count} messages instead of ${MESSAGES}`));
        } else resolve(answer.replica);
      });
      for (let i = 0; i < MESSAGES; i++) call.write({ text: TEXT });
      call.end();
      return promise;
    },
    chat: () => {
      const call = client.chat(options());
      const answered = answers(call);
      for (let i = 0; i < MESSAGES; i++) call.write({ text: TEXT });
      call.end();
      return answered;
    },
    close: () => client.close(),
  };
}

function answers(call: ClientReadableStream<SayResponse> | ClientDuplexStream<SayRequest, SayResponse>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let count = 0;
  let replica = '';
  let waitingFor = 2;
  // The last message and the status come in either order.
  const settle = (): void => {
    waitingFor--;
    if (waitingFor > 0) return;
    if (count === MESSAGES) resolve(replica);
    else reject(new Error(`got ${count} messages instead of ${MESSAGES}`));
  };
  call.on('data', (answer: SayResponse) => {
    if (answer.text === TEXT) count++;
    replica = answer.replica;
  });
  call.on('error', reject);
  call.on('end', settle);
  call.on('status', settle);
  return promise;
}
