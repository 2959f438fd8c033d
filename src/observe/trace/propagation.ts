/** Trace context as it comes and goes in header fields: W3C Trace Context, and B3 where it is asked for. */
import { FieldList } from '../../model/fields.ts';
import { randomnessAt } from './sampling.ts';

/** Formats understood, by their names in OTEL_PROPAGATORS. */
export type Propagator = 'tracecontext' | 'b3' | 'b3multi';

/** What an incoming context says of sampling. `none`: there is no valid context. `deferred`: it leaves the decision to us. */
export type ParentFlag = 'none' | 'deferred' | 'sampled' | 'unsampled';

/** The caller's span. */
export interface RemoteParent {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** The field's value, empty if there is none. */
  readonly tracestate: string;
}

/** What a server is sent instead of the caller's context. */
export interface Injection {
  readonly replaces: string;
  readonly headers: FieldList;
}

/** One format. */
export interface Format {
  readonly name: Propagator;
  /** Looks at a request without allocating. */
  flag(request: FieldList): ParentFlag;
  /** The random part of the trace's id, 0–1; 0 when there is no id. As {@link flag}, it does not allocate. */
  randomness(request: FieldList): number;
  /** The parent of a request for which {@link flag} said anything but `none`. */
  parent(request: FieldList): RemoteParent;
  /** Writes a sampled span's context. `continued`: the request carries a context of this format. */
  inject(traceId: string, spanId: string, continued: boolean): Injection;
}

/** A traceparent of a version that we understand, or understand the start of (Trace Context §3.2.2, §4.3). */
const TRACEPARENT = /^(?:00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}|(?!00|ff)[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?)$/;

/** `{trace}-{span}[-{sampled}[-{parent}]]`, the trace id of 16 or 32 digits; debug implies sampled. */
const B3_SINGLE = /^(?:[0-9a-f]{16}){1,2}-[0-9a-f]{16}(?:-[01d](?:-[0-9a-f]{16})?)?$/;

const B3_TRACE_ID = /^(?:[0-9a-f]{16}){1,2}$/;

const B3_SPAN_ID = /^[0-9a-f]{16}$/;

/** True when `value[start, end)` is more than zeros: all zeros are how "no id" is written. */
function isSet(value: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (value.charCodeAt(i) !== 0x30) return true;
  return false;
}

const W3C: Format = {
  name: 'tracecontext',
  flag(request) {
    const value = request.get('traceparent');
    if (value === undefined || value.length < 55 || !isSet(value, 3, 35) || !isSet(value, 36, 52)) return 'none';
    // An ordinary "not sampled" is believed without looking at every digit of ids that are not going to be used.
    if (value.charCodeAt(54) === 0x30 && value.charCodeAt(53) === 0x30 && value.charCodeAt(52) === 0x2d) return 'unsampled';
    if (!TRACEPARENT.test(value)) return 'none';
    return (Number.parseInt(value.charAt(54), 16) & 1) === 1 ? 'sampled' : 'unsampled';
  },
  randomness(request) {
    return randomnessAt(request.get('traceparent') ?? '', 35);
  },
  parent(request) {
    const value = request.get('traceparent') ?? '';
    return { traceId: value.slice(3, 35), spanId: value.slice(36, 52), tracestate: request.get('tracestate') ?? '' };
  },
  inject(traceId, spanId) {
    return { replaces: 'traceparent', headers: FieldList.of(['traceparent', `00-${traceId}-${spanId}-01`]) };
  },
};

/** The field `b3`; the value 0 has no ids: a decision only. */
const B3: Format = {
  name: 'b3',
  flag(request) {
    const value = request.get('b3');
    if (value === undefined) return 'none';
    if (value === '0') return 'unsampled';
    const dash = value.charCodeAt(32) === 0x2d ? 32 : 16;
    if (!B3_SINGLE.test(value) || !isSet(value, 0, dash) || !isSet(value, dash + 1, dash + 17)) return 'none';
    if (value.length === dash + 17) return 'deferred';
    return value.charAt(dash + 18) === '0' ? 'unsampled' : 'sampled';
  },
  randomness(request) {
    const value = request.get('b3') ?? '';
    return value.length < 16 ? 0 : randomnessAt(value, value.charCodeAt(32) === 0x2d ? 32 : 16);
  },
  parent(request) {
    const [traceId = '', spanId = ''] = (request.get('b3') ?? '').split('-');
    return { traceId: traceId.padStart(32, '0'), spanId, tracestate: '' };
  },
  inject(traceId, spanId) {
    return { replaces: 'b3', headers: FieldList.of(['b3', `${traceId}-${spanId}-1`]) };
  },
};

/** The same in fields of their own. */
const B3_MULTI: Format = {
  name: 'b3multi',
  flag(request) {
    const sampled = request.get('x-b3-sampled');
    if (sampled === '0' || sampled === 'false') return 'unsampled';
    const traceId = request.get('x-b3-traceid');
    const spanId = request.get('x-b3-spanid');
    if (traceId === undefined || !B3_TRACE_ID.test(traceId) || !isSet(traceId, 0, traceId.length)) return 'none';
    if (spanId === undefined || !B3_SPAN_ID.test(spanId) || !isSet(spanId, 0, 16)) return 'none';
    return sampled === '1' || sampled === 'true' || request.get('x-b3-flags') === '1' ? 'sampled' : 'deferred';
  },
  randomness(request) {
    const traceId = request.get('x-b3-traceid') ?? '';
    return traceId.length < 16 ? 0 : randomnessAt(traceId, traceId.length);
  },
  parent(request) {
    return { traceId: (request.get('x-b3-traceid') ?? '').padStart(32, '0'), spanId: request.get('x-b3-spanid') ?? '', tracestate: '' };
  },
  inject(traceId, spanId, continued) {
    // A continued trace keeps its x-b3-traceid; the span is all that changes.
    const headers = continued
      ? FieldList.of(['x-b3-spanid', spanId])
      : FieldList.of(['x-b3-traceid', traceId], ['x-b3-spanid', spanId], ['x-b3-sampled', '1']);
    return { replaces: 'x-b3-spanid', headers };
  },
};

const FORMATS: Readonly<Record<Propagator, Format>> = { tracecontext: W3C, b3: B3, b3multi: B3_MULTI };

/** The format of that name; null if we do not have it. */
export function formatNamed(name: string): Format | null {
  return name === 'tracecontext' || name === 'b3' || name === 'b3multi' ? FORMATS[name] : null;
}
