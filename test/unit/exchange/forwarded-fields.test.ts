import assert from 'node:assert/strict';
import type { ForwardForSettings } from '../../../src/config/forwarded-settings.ts';
import { forwardedFields, type ForwardedSettings } from '../../../src/exchange/forwarded-fields.ts';
import { FieldList } from '../../../src/model/fields.ts';
import type { ConnectionRecord } from '../../../src/model/records.ts';
import { connectionRecord } from '../observe/records.ts';

const REQUEST = FieldList.of([':method', 'GET'], [':authority', 'api.test:8443'], ['x-forwarded-for', '192.0.2.9']);
const PLAIN: ForwardForSettings = { except: null, header: null, ifNone: false };
const OFF: ForwardedSettings = { front: null, back: null, frontTo: null, backTo: null, forwarded: null };

function added(settings: Partial<ForwardedSettings>, connection: Partial<ConnectionRecord> = {}): string[] {
  const fields = forwardedFields({ ...OFF, ...settings }, connectionRecord(connection), REQUEST);
  return fields === null ? [] : fields.fields.map(({ name, value }) => `${name}: ${value}`);
}

describe('fields that tell of the client', () => {
  it('have its address', () => {
    assert.deepEqual(added({ front: PLAIN }), ['x-forwarded-for: 10.0.0.1']);
    assert.deepEqual(added({ back: PLAIN }, { clientAddress: '2001:db8::1' }), ['x-forwarded-for: 2001:db8::1']);
    assert.deepEqual(added({ back: PLAIN }, { clientAddress: '' }), []);
  });

  it('have the name of the backend, else of the frontend', () => {
    assert.deepEqual(added({ front: { ...PLAIN, header: 'x-front' }, back: PLAIN }), ['x-front: 10.0.0.1']);
    assert.deepEqual(added({ front: { ...PLAIN, header: 'x-front' }, back: { ...PLAIN, header: 'x-back' } }), ['x-back: 10.0.0.1']);
  });

  it('leave out who is excepted by either', () => {
    const except = { address: '10.0.0.0', prefix: 8, family: 'ipv4' } as const;
    assert.deepEqual(added({ front: { ...PLAIN, except }, back: PLAIN }), []);
    assert.deepEqual(added({ front: { ...PLAIN, except } }, { clientAddress: '11.0.0.1' }), ['x-forwarded-for: 11.0.0.1']);
    assert.deepEqual(added({ back: { ...PLAIN, except } }, { clientAddress: '::1' }), ['x-forwarded-for: ::1']);
  });

  it('are left out if there are some, when all that ask for them say so', () => {
    const ifNone = { ...PLAIN, ifNone: true };
    assert.deepEqual(added({ front: ifNone }), []);
    assert.deepEqual(added({ front: ifNone, back: ifNone }), []);
    assert.deepEqual(added({ front: ifNone, back: PLAIN }), ['x-forwarded-for: 10.0.0.1']);
    assert.deepEqual(added({ front: { ...ifNone, header: 'x-other' } }), ['x-other: 10.0.0.1']);
  });

  it('have the address that the client connected to', () => {
    const except = { address: '10.0.0.2', prefix: 32, family: 'ipv4' } as const;
    assert.deepEqual(added({ frontTo: PLAIN }), ['x-original-to: 10.0.0.2']);
    assert.deepEqual(added({ front: PLAIN, frontTo: { ...PLAIN, header: 'x-front' }, backTo: { ...PLAIN, header: 'x-back' } }), ['x-forwarded-for: 10.0.0.1', 'x-back: 10.0.0.2']);
    assert.deepEqual(added({ frontTo: PLAIN, backTo: { ...PLAIN, except } }), []);
    assert.deepEqual(added({ frontTo: PLAIN }, { localAddress: '' }), []);
  });

  it('are those of RFC 7239', () => {
    assert.deepEqual(added({ forwarded: ['proto', 'for'] }), ['forwarded: proto=http;for=10.0.0.1']);
    assert.deepEqual(
      added({ forwarded: ['proto', 'host', 'by', 'by_port', 'for', 'for_port'] }, { clientAddress: '2001:db8::1' }),
      ['forwarded: proto=http;host="api.test:8443";by="10.0.0.2:8080";for="[2001:db8::1]:4711"'],
    );
    assert.deepEqual(added({ forwarded: ['for'] }, { clientAddress: '' }), ['forwarded: for=unknown']);
    assert.deepEqual(added({ front: PLAIN, forwarded: ['for'] }), ['x-forwarded-for: 10.0.0.1', 'forwarded: for=10.0.0.1']);
  });
});
