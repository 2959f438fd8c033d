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

/** 1 for lower-case hexadecimal digits. */
const HEX = new Uint8Array(128);
for (const digit of '0123456789abcdef') HEX[digit.charCodeAt(0)] = 1;

/** True when `value[start, end)` is lower-case hexadecimal and not all zeros. */
function isId(value: string, start: number, end: number): boolean {
  let zeros = true;
  for (let i = start; i < end; i++) {
    const code = value.charCodeAt(i);
    if (HEX[code] !== 1) return false;
    if (code !== 0x30) zeros = false;
  }
  return !zeros;
}

/** True for a traceparent that Trace Context §3.2.2 lets us use: also later versions, as far as we understand them. */
function isTraceparent(value: string): boolean {
  if (value.length < 55) return false;
  if (value.charCodeAt(2) !== 0x2d || value.charCodeAt(35) !== 0x2d || value.charCodeAt(52) !== 0x2d) return false;
  const version0 = value.charCodeAt(0);
  const version1 = value.charCodeAt(1);
  if (version0 === 0x30 && version1 === 0x30) {
    if (value.length !== 55) return false;
  } else if (HEX[version0] !== 1 || HEX[version1] !== 1 || (version0 === 0x66 && version1 === 0x66)) {
    return false;
  } else if (value.length > 55 && value.charCodeAt(55) !== 0x2d) {
    return false;
  }
  if (HEX[value.charCodeAt(53)] !== 1 || HEX[value.charCodeAt(54)] !== 1) return false;
  return isId(value, 3, 35) && isId(value, 36, 52);
}

const W3C: Format = {
  name: 'tracecontext',
  flag(request) {
    const value = request.get('traceparent');
    if (value === undefined || !isTraceparent(value)) return 'none';
    const digit = value.charCodeAt(54);
    // The lowest bit of a hexadecimal digit: 0–9 have it as their code has it, a–f the other way round.
    return ((digit & 1) === 1) === digit < 0x61 ? 'sampled' : 'unsampled';
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

/** `b3: {trace}-{span}[-{sampled}[-{parent}]]`, the trace id of 16 or 32 digits. `b3: 0` has no ids: a decision only. */
const B3: Format = {
  name: 'b3',
  flag(request) {
    const value = request.get('b3');
    if (value === undefined) return 'none';
    if (value === '0') return 'unsampled';
    const dash = value.charCodeAt(32) === 0x2d ? 32 : 16;
    if (value.charCodeAt(dash) !== 0x2d || !isId(value, 0, dash) || !isId(value, dash + 1, dash + 17)) return 'none';
    if (value.length === dash + 17) return 'deferred';
    if (value.charCodeAt(dash + 17) !== 0x2d) return 'none';
    const decision = value.charCodeAt(dash + 18);
    return decision === 0x31 || decision === 0x64 ? 'sampled' : 'unsampled'; // 1, or d for debug
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
    if (traceId === undefined || spanId === undefined || spanId.length !== 16 || !isId(spanId, 0, 16)) return 'none';
    if ((traceId.length !== 16 && traceId.length !== 32) || !isId(traceId, 0, traceId.length)) return 'none';
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
