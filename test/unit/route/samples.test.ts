/** Every fetch and converter, by tables; and what is wrong with expressions. */
import assert from 'node:assert/strict';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONVERTER_ROWS } from '../../../src/route/converters/all.ts';
import { FETCH_ROWS } from '../../../src/route/fetches/all.ts';
import { FieldList } from '../../../src/model/fields.ts';
import { Message } from '../../../src/route/message.ts';
import { COMMON, OWN } from './samples.ts';
import { errorsOf, evaluate, evaluation, REQUEST, streamRecord } from './support.ts';

describe('samples', () => {
  for (const [expression, result] of COMMON) {
    it(`${expression} is ${result}`, () => {
      const context = evaluation(REQUEST, {}, true);
      context.version = '1.1';
      context.first = true;
      assert.equal(evaluate(expression, context), result);
    });
  }
  for (const [expression, result] of OWN) it(`${expression} is ${result}`, () => assert.equal(evaluate(expression), result));

  it('tell the timeouts that set-timeout gave a stream', () => {
    const context = evaluation();
    context.serverTimeoutMs = 3000;
    context.tunnelTimeoutMs = 7;
    assert.deepEqual(['be_server_timeout', 'cur_server_timeout', 'cur_tunnel_timeout'].map((name) => evaluate(name, context)), ['5000', '3000', '7']);
  });

  it('of gRPC calls', () => {
    const call = evaluation([[':method', 'POST'], [':scheme', 'http'], [':authority', 'a'], [':path', '/pkg.Svc/Do'], ['content-type', 'application/grpc+proto'], ['grpc-timeout', '2S']]);
    call.record = streamRecord();
    call.response = new Message(FieldList.of([':status', '200'], ['grpc-status', '7']));
    for (const [expression, result] of [
      ['grpc', '1'], ['grpc.service', 'pkg.Svc'], ['grpc.method', 'Do'], ['grpc.timeout', '2000'], ['grpc.message_count', '1'], ['grpc.message_count(res)', '2'], ['grpc.status', '0'],
    ] as const) assert.equal(evaluate(expression, call, 'log'), result, expression);
    call.record = null;
    assert.equal(evaluate('grpc.status', call, 'response'), '7');
  });

  it('of responses', () => {
    const context = evaluation();
    context.response = new Message(FieldList.of([':status', '404'], ['set-cookie', 'a=b; path=/'], ['x', 'y'], ['content-length', '12']));
    context.record = streamRecord();
    for (const [expression, result] of [
      ['status', '404'], ['res.hdr(x)', 'y'], ['res.fhdr(x)', 'y'], ['res.hdr_cnt(x)', '1'], ['res.cook(a)', 'b'], ['res.hdr_val(content-length)', '12'], ['res.hdr_names', 'set-cookie,x,content-length'],
      ['bytes_in', '10'], ['bytes_out', '20'], ['txn.timer.total', '2'], ['txn.sess_term_state', '--'],
    ] as const) assert.equal(evaluate(expression, context, 'log'), result, expression);
  });

  it('of TLS', () => {
    const tls = {
      version: 'TLSv1.3', cipher: 'AES', sni: 'A.example', alpn: 'h2', resumed: false,
      client: { subject: '/C=DE/O=Acme/CN=me', issuer: '/CN=ca', commonName: 'me', altNames: ['URI:spiffe://x'], serial: '0aff', sha1: 'ab'.repeat(20) },
    };
    const context = evaluation(REQUEST, { tls });
    for (const [expression, result] of [
      ['ssl_fc', '1'], ['ssl_fc_sni', 'A.example'], ['ssl_fc_has_sni', '1'], ['ssl_fc_alpn', 'h2'], ['ssl_fc_protocol', 'TLSv1.3'], ['ssl_fc_cipher', 'AES'], ['ssl_fc_is_resumed', '0'], ['ssl_fc_has_crt', '1'],
      ['ssl_c_used', '1'], ['ssl_c_s_dn', '/C=DE/O=Acme/CN=me'], ['ssl_c_s_dn(O)', 'Acme'], ['ssl_c_i_dn(CN)', 'ca'], ['ssl_c_cn', 'me'], ['ssl_c_san', 'URI:spiffe://x'], ['ssl_c_serial,hex', '0AFF'],
      ['ssl_c_sha1,hex', 'AB'.repeat(20)],
    ] as const) assert.equal(evaluate(expression, context), result, expression);
  });

  it('of maps in files', () => {
    const directory = mkdtempSync(join(tmpdir(), 'pillion-'));
    try {
      const map = (name: string, text: string): string => {
        writeFileSync(join(directory, name), text);
        return join(directory, name);
      };
      const file = map('m', '# hosts\na.b one\nb two words\n/x p\n/x/y longer\n');
      assert.equal(evaluate(`str(a.b),map(${file})`), 'one');
      assert.equal(evaluate(`str(b),map_str(${file})`), 'two words');
      assert.equal(evaluate(`str(c),map(${file},none)`), 'none');
      assert.equal(evaluate(`str(c),map(${file})`), null);
      assert.equal(evaluate(`str(/x/y/z),map_beg(${file})`), 'longer', 'the longest prefix');
      assert.equal(evaluate(`str(xa.b),map_end(${file})`), 'one');
      assert.equal(evaluate(`str(1a.b1),map_sub(${file})`), 'one');
      assert.equal(evaluate(`str(www.a.b.c),map_dom(${file})`), 'one');
      assert.equal(evaluate(`str(/q/b/c),map_dir(${file})`), 'two words');
      assert.equal(evaluate(`src,map_ip(${map('ip', '10.0.0.0/8 ten\n10.1.0.0/16 one\n')})`), 'one', 'the smallest network');
      assert.equal(evaluate(`int(7),map_int_int(${map('int', '1:5 1\n6:9 2\n')})`), '2');
      assert.equal(evaluate(`str(ab12),map_reg(${map('reg', String.raw`^([a-z]+)\d+ x-\1`)})`), String.raw`x-\1`);
      assert.equal(evaluate(`str(ab12),map_regm(${join(directory, 'reg')})`), 'x-ab');
      assert.match(errorsOf(`str(a),map_int_int(${file})`)[0] ?? '', /'a.b' is not a number|:2: 'one' is not a number/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('knows the server of a response by number and name', () => {
    const context = evaluation();
    context.server = context.backend?.servers[1] ?? null;
    assert.deepEqual([evaluate('srv_id', context, 'response'), evaluate('srv_name', context, 'response')], ['2', 's2']);
  });

  it('each have their own name, a summary and arguments that are named', () => {
    for (const rows of [FETCH_ROWS, CONVERTER_ROWS]) {
      const names = rows.flatMap((row) => row.names);
      assert.deepEqual(names.filter((name, index) => names.indexOf(name) !== index), []);
      for (const row of rows) assert.match(row.summary, /^[A-Z%].*\.$/, row.names[0]);
    }
  });

  for (const [expression, message] of [
    ['', "expression '': a sample fetch is missing"],
    ['sr', "unknown sample fetch 'sr' | did you mean 'str'?"],
    ['src,', "expression 'src,': a converter is missing behind ','"],
    ['src,lowr', "unknown converter 'lowr' | did you mean 'lower'?"],
    ['always_true,ipmask(8)', "converter 'ipmask' takes type addr, and what stands before it has type bool"],
    ['req.hdr(x', "expression 'req.hdr(x': ')' is missing behind 'req.hdr('"],
    ['int(x)', "<value> of 'int' is a whole number, not 'x' | int(value): The constant."],
    ['int', "'int' needs an argument (<value> is missing): int(value) | int(value): The constant."],
    ['src(1)', "'src' takes no arguments"],
    ['str(a)x', "expression 'str(a)x': unexpected 'x'"],
    ['status', "'status' needs an HTTP response, which is not there when the request is looked at"],
    ['var(x)', "'x' is not the name of a variable: it begins with one of 'proc.', 'sess.', 'txn.', 'req.', 'res.' | var(name[,default]): A variable (proc., sess., txn., req., res.); the default where it is not set."],
    ['sc0_http_req_rate', "sample fetch 'sc0_http_req_rate' is not supported by Pillion yet | stick tables are not supported by this version"],
    ['str(a),regsub((,b)', "invalid regular expression: /(/: Unterminated group"],
    ['str(a),map(/none)', "cannot read '/none': ENOENT: no such file or directory, stat '/none'"],
  ] as const) it(`${expression} is wrong`, () => assert.deepEqual(errorsOf(expression), [message]));

  it('has a case for every converter, and for every fetch that needs no more than a request', () => {
    const tested = [...COMMON, ...OWN].map(([expression]) => expression).join(' ');
    const missing = CONVERTER_ROWS.flatMap(({ names }) => (names.some((name) => tested.includes(`,${name}`)) ? [] : [names[0]])).filter((name) => name?.startsWith('map') === false);
    assert.deepEqual(missing, ['capture-req', 'capture-res', 'secure_memcmp', 'ltime', 'ms_ltime', 'us_ltime']);
  });
});
