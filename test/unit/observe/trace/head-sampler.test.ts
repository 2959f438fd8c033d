import assert from 'node:assert/strict';
import type { FieldList } from '../../../../src/model/fields.ts';
import { NO_FIELDS } from '../../../../src/model/fields.ts';
import { headSampler } from '../../../../src/observe/trace/head-sampler.ts';
import type { SpanMaker } from '../../../../src/observe/trace/head-sampler.ts';
import { formatNamed } from '../../../../src/observe/trace/propagation.ts';
import type { Format } from '../../../../src/observe/trace/propagation.ts';
import { newSpanId, parseSampling, randomnessAt, traceIdOf } from '../../../../src/observe/trace/sampling.ts';
import { grpcRequest, streamRecord } from '../records.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const record = streamRecord();

function format(name: string): Format {
  const found = formatNamed(name);
  assert.ok(found);
  return found;
}

/** What the sampler decided: `no`, `root`, or the format of the parent that is continued. */
function decide(sampler: string, argument: string, request: FieldList, formats: readonly string[] = ['tracecontext']): string {
  let made = 'no';
  const maker: SpanMaker = {
    make(_record, _request, parent) {
      made = parent?.name ?? 'root';
      return { traceId: '', replaces: '', headers: NO_FIELDS, end() {} };
    },
  };
  const problems: string[] = [];
  const sampling = parseSampling(sampler, argument, (problem) => problems.push(problem));
  assert.deepEqual(problems, []);
  const span = headSampler(sampling, formats.map(format), maker)(record, request);
  assert.equal(span === null, made === 'no');
  return made;
}

const withParent = (flags: string, traceId = TRACE): FieldList => grpcRequest('/a.B/C', ['traceparent', `00-${traceId}-${SPAN}-${flags}`]);

describe('observe/trace/head-sampler', () => {
  it('follows the parent where the sampler is parent-based', () => {
    for (const sampler of ['parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio']) {
      assert.equal(decide(sampler, '0', withParent('01')), 'tracecontext', sampler);
      assert.equal(decide(sampler, '1', withParent('00')), 'no', sampler);
      assert.equal(decide(sampler, '1', withParent('03')), 'tracecontext', sampler);
      assert.equal(decide(sampler, '1', withParent('02')), 'no', sampler);
    }
  });

  it('decides itself for roots, and always where the sampler is not parent-based', () => {
    assert.equal(decide('parentbased_always_on', '', grpcRequest()), 'root');
    assert.equal(decide('parentbased_always_off', '', grpcRequest()), 'no');
    assert.equal(decide('always_on', '', withParent('00')), 'tracecontext');
    assert.equal(decide('always_off', '', withParent('01')), 'no');
    assert.equal(decide('traceidratio', '0.5', withParent('00', `${'0'.repeat(17)}1${'8'.repeat(14)}`)), 'tracecontext');
    assert.equal(decide('traceidratio', '0.5', withParent('01', `${'f'.repeat(18)}${'7'.repeat(14)}`)), 'no');
    assert.equal(decide('traceidratio', '0', grpcRequest()), 'no');
    assert.equal(decide('traceidratio', '1', grpcRequest()), 'root');
  });

  it('begins a new trace where the context is invalid', () => {
    const good = `00-${TRACE}-${SPAN}-01`;
    for (const value of [
      '', 'x', good.slice(0, -1), `${good}-x`, good.toUpperCase(), `ff${good.slice(2)}`, good.replace('4b', '4g'), `00-${'0'.repeat(32)}-${SPAN}-01`,
      `00-${'0'.repeat(32)}-${SPAN}-00`, `00-${TRACE}-${'0'.repeat(16)}-01`, `00-${TRACE}-${'0'.repeat(16)}-00`, good.replaceAll('-', '_'), `${good.slice(0, -2)}zz`,
    ]) {
      assert.equal(decide('parentbased_always_on', '', grpcRequest('/a.B/C', ['traceparent', value])), 'root', value);
    }
    // A later version may be longer.
    assert.equal(decide('parentbased_always_on', '', grpcRequest('/a.B/C', ['traceparent', `01${good.slice(2)}-more`])), 'tracecontext');
  });

  it('reads B3 only when told to', () => {
    const single = (value: string): FieldList => grpcRequest('/a.B/C', ['b3', value]);
    assert.equal(decide('parentbased_always_on', '', single(`${TRACE}-${SPAN}-0`)), 'root');
    const cases: Readonly<Record<string, string>> = {
      [`${TRACE}-${SPAN}-1`]: 'b3', [`${TRACE}-${SPAN}-d`]: 'b3', [`${TRACE}-${SPAN}-0`]: 'no', [`${SPAN}-${SPAN}-1-${SPAN}`]: 'b3', [`${TRACE}-${SPAN}`]: 'no',
      0: 'no', [`${TRACE}-${SPAN}-x`]: 'no', [`${'0'.repeat(16)}-${SPAN}-1`]: 'no', nonsense: 'no',
    };
    for (const [value, expected] of Object.entries(cases)) assert.equal(decide('parentbased_always_off', '', single(value), ['b3']), expected, value);
    assert.equal(decide('parentbased_always_on', '', single(`${TRACE}-${SPAN}`), ['b3']), 'b3');
    assert.equal(decide('parentbased_always_on', '', single('0'), ['b3']), 'no');
    const multi = (...fields: readonly (readonly [string, string])[]): string => decide('parentbased_always_off', '', grpcRequest('/a.B/C', ...fields), ['b3multi']);
    const ids = [['x-b3-traceid', TRACE], ['x-b3-spanid', SPAN]] as const;
    assert.equal(multi(...ids, ['x-b3-sampled', '1']), 'b3multi');
    assert.equal(multi(...ids, ['x-b3-flags', '1']), 'b3multi');
    assert.equal(multi(...ids, ['x-b3-sampled', '0']), 'no');
    assert.equal(multi(['x-b3-sampled', '1']), 'no');
    assert.equal(decide('parentbased_always_on', '', withParent('00'), ['b3', 'tracecontext']), 'no');
  });

  it('samples roots at the ratio', () => {
    let made = 0;
    const maker: SpanMaker = {
      make() {
        made++;
        return { traceId: '', replaces: '', headers: NO_FIELDS, end() {} };
      },
    };
    const begin = headSampler({ parentBased: true, ratio: 0.01 }, [format('tracecontext')], maker);
    const request = grpcRequest();
    const total = 200_000;
    for (let i = 0; i < total; i++) begin(record, request);
    assert.ok(Math.abs(made - total * 0.01) < 6 * Math.sqrt(total * 0.01 * 0.99), `${made} of ${total}`);
  });

  it('draws ids whose random part is the draw', () => {
    for (const draw of [0, 0.25, 0.9999, 1 - 2 ** -53, Math.random()]) {
      const id = traceIdOf(draw);
      assert.match(id, /^[0-9a-f]{32}$/);
      assert.ok(Math.abs(randomnessAt(id, 32) - draw) < 1e-14);
    }
    assert.match(newSpanId(), /^(?!0{16})[0-9a-f]{16}$/);
  });

  it('complains about samplers it does not have', () => {
    const problems: string[] = [];
    const complain = (problem: string): void => void problems.push(problem);
    assert.deepEqual(parseSampling(undefined, undefined, complain), { parentBased: true, ratio: 1 });
    assert.deepEqual(problems, []);
    assert.deepEqual(parseSampling('jaeger_remote', undefined, complain), { parentBased: true, ratio: 1 });
    assert.deepEqual(parseSampling('traceidratio', 'often', complain), { parentBased: false, ratio: 1 });
    assert.equal(problems.length, 2);
  });
});
