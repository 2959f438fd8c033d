/** The decision per stream, in front of everything that costs. */
import type { FieldList } from '../../model/fields.ts';
import type { StreamRecord } from '../../model/records.ts';
import type { TraceSpan, Tracer } from '../../model/trace.ts';
import type { Format } from './propagation.ts';
import type { Sampling } from './sampling.ts';

/** How a sampled stream's span is made: the part that needs OpenTelemetry. */
export interface SpanMaker {
  /** `draw` becomes the random part of a new trace's id; it is not used when the stream continues one. */
  make(record: StreamRecord, request: FieldList, parentFormat: Format | null, draw: number): TraceSpan;
}

/**
 * Makes {@link Tracer.begin}. An incoming context is looked at where it lies, and a stream that is not sampled leaves nothing
 * behind; its fields go to the server as they came.
 */
export function headSampler(sampling: Sampling, formats: readonly Format[], maker: SpanMaker): Tracer['begin'] {
  const { parentBased, ratio } = sampling;
  const threshold = 1 - ratio;
  return (record, request) => {
    for (let i = 0; i < formats.length; i++) {
      const format = formats[i] as Format;
      const flag = format.flag(request);
      if (flag === 'none') continue;
      if (parentBased) {
        if (flag === 'unsampled') return null;
        if (flag === 'sampled') return maker.make(record, request, format, 0);
      }
      if (ratio === 0) return null;
      if (ratio < 1 && format.randomness(request) < threshold) return null;
      return maker.make(record, request, format, 0);
    }
    const draw = Math.random();
    return draw >= threshold && ratio > 0 ? maker.make(record, request, null, draw) : null;
  };
}
