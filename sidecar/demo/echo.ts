/** The four methods of pillion.demo.v1.Echo. */
import { status } from '@grpc/grpc-js';
import type {
  ServerDuplexStream, ServerReadableStream, ServerUnaryCall, ServerWritableStream, UntypedServiceImplementation, sendUnaryData,
} from '@grpc/grpc-js';
import type { CollectResponse, RepeatRequest, SayRequest, SayResponse } from './services.ts';

const MOST_REPEATS = 1000;

/** @param replica what answers carry as the replica's name. */
export function echoHandlers(replica: string): UntypedServiceImplementation {
  return {
    say(call: ServerUnaryCall<SayRequest, SayResponse>, callback: sendUnaryData<SayResponse>): void {
      callback(null, { text: call.request.text, replica });
    },

    repeat(call: ServerWritableStream<RepeatRequest, SayResponse>): void {
      const { text, repeat } = call.request;
      if (repeat > MOST_REPEATS) {
        call.emit('error', { code: status.INVALID_ARGUMENT, details: `repeat must not exceed ${MOST_REPEATS}` });
        return;
      }
      let left = repeat;
      const fill = (): void => {
        while (left > 0 && !call.cancelled) {
          left--;
          if (!call.write({ text, replica }) && left > 0) {
            call.once('drain', fill);
            return;
          }
        }
        call.end();
      };
      fill();
    },

    collect(call: ServerReadableStream<SayRequest, CollectResponse>, callback: sendUnaryData<CollectResponse>): void {
      let count = 0;
      let length = 0;
      call.on('data', ({ text }: SayRequest) => {
        count++;
        length += text.length;
      });
      call.on('end', () => callback(null, { count, length, replica }));
    },

    chat(call: ServerDuplexStream<SayRequest, SayResponse>): void {
      call.on('data', ({ text }: SayRequest) => {
        if (call.write({ text, replica })) return;
        call.pause();
        call.once('drain', () => call.resume());
      });
      call.on('end', () => call.end());
    },
  };
}
