/**
 * Expressions with what they yield for the request of support.ts. Those of the first list have been compared with HAProxy 2.6, and are
 * again where it is installed (haproxy.test.ts).
 */
export const COMMON: readonly (readonly [expression: string, result: string | null])[] = [
  ['always_true', '1'], ['always_false', '0'], ['bool(true)', '1'], ['bool(0)', '0'], ['int(-5)', '-5'], ['str(a)', 'a'], ["str('a b')", 'a b'],
  ['str("a,b")', 'a,b'], [String.raw`str('a\)b')`, String.raw`a\)b`], ['ipv4(10.1.2.3)', '10.1.2.3'], ['ipv6(2001:db8::1)', '2001:db8::1'], ['bin(4142)', 'AB'], ['meth(GET)', 'GET'],
  ['nbproc', '1'], ['var(txn.none)', null], ['var(txn.none,x)', 'x'],
  ['method', 'GET'], ['path', '/a/b'], ['pathq', '/a/b?x=1&Y=2'], ['query', 'x=1&Y=2'], ['url', '/a/b?x=1&Y=2'], ['url_param(x)', '1'], ['url_param(y)', null], ['urlp(Y)', '2'],
  ['url_param(y,,i)', '2'], ['urlp_val(x)', '1'], ['base', 'example.com:8080/a/b'], ['req.ver', '1.1'], ['req.hdr(x)', 'c'], ['req.hdr(x,1)', 'a'], ['req.hdr(x,-2)', 'b'], ['hdr(X,2)', 'b'],
  ['req.hdr(x,4)', null], ['req.fhdr(x)', 'c'], ['req.fhdr(x,1)', 'a, b'], ['req.fhdr_cnt(x)', '2'], ['req.hdr_cnt(x)', '3'], ['hdr_cnt(none)', '0'], ['req.hdr(host)', 'example.com:8080'],
  ['req.cook(k)', 'v'], ['cook(none)', null], ['req.cook_cnt(k)', '1'], ['req.proto_http', '1'], ['http_first_req', '1'], ['req.body_len', '0'],
  ['str(AbC),lower', 'abc'], ['str(AbC),upper', 'ABC'], ['str(abc),length', '3'], ['str(a.b.c),field(2,.)', 'b'], ['str(a.b.c),field(2,.,0)', 'b.c'], ['str(a.b.c),field(-1,.)', 'c'],
  ['str(a.b.c),field(-1,.,2)', 'b.c'], ['str(a..b),field(2,.)', ''], ['str(a..b),word(2,.)', 'b'], ['str(..a..b.c),word(-1,.)', 'c'], ['str(a.b.c),word(2,.,0)', 'b.c'],
  ['str(abcabc),regsub(b,X)', 'aXcabc'], ['str(abcabc),regsub(b,X,g)', 'aXcaXc'], ['str(ABC),regsub(b,X,i)', 'AXC'], ['str(abc),bytes(1,1)', 'b'], ['str(abc),bytes(1)', 'bc'],
  ['str(a),concat(b)', 'ab'], ['str(a),concat(-,txn.none,+)', 'a-+'], ['bool(true),iif(y,n)', 'y'], ['bool(false),iif(y,n)', 'n'],
  ['int(7),add(2)', '9'], ['int(7),sub(9)', '-2'], ['int(7),mul(3)', '21'], ['int(-7),div(2)', '-3'], ['int(7),mod(4)', '3'], ['int(7),mod(0)', '0'], ['int(6),and(3)', '2'], ['int(6),or(1)', '7'],
  ['int(6),xor(3)', '5'], ['int(7),cpl', '-8'], ['int(7),neg', '-7'], ['int(7),odd', '1'], ['int(7),even', '0'], ['int(0),not', '1'], ['int(3),bool', '1'], ['int(-1),and(255)', '255'],
  ['str(12ab),add(1)', '13'], ['str(ab),add(1)', '1'], ['bin(0041ff),hex', '0041FF'], ['str(1F),hex2i', '31'], ['str(ab),base64', 'YWI='], ['str(YWI=),b64dec', 'ab'], ['str(a>?),ub64enc', 'YT4_'],
  ['str(YT4_),ub64dec', 'a>?'], ["str('/a b'),url_enc", '%2Fa%20b'], ["str('h%20a+b?c+d'),url_dec", 'h a+b?c d'], ["str('a+b'),url_dec(1)", 'a b'],
  ['str(hello),crc32', '907060870'], ['str(hello),crc32(1)', '3902247103'], ['str(hello),djb2', '261238937'], ['str(hello),djb2(1)', '1119739105'], ['str(hello),sdbm', '684824882'],
  ['str(hello),wt6', '3538347703'], ['str(hello),wt6(1)', '140457739'], ['str(hello),crc32c', '2591144780'], ['str(ab),sha1,hex', 'DA23614E02469A0D7C7BD1BDAB5C9C474B1904DC'],
  ['str(ab),sha2(256),hex', 'FB8E20FC2E4C3F248C60C39BD652F3C1347298BB977B8B4D5903B85055620603'], ['str(ab),digest(sha1),hex', 'DA23614E02469A0D7C7BD1BDAB5C9C474B1904DC'],
  ['str(ab),hmac(sha1,a2V5),hex', 'D659C8A62785FCA0D0329C6E767EE4817E34628D'],
  ['ipv4(10.1.2.3),ipmask(8)', '10.0.0.0'], ['ipv4(10.1.2.3),ipmask(255.255.0.0)', '10.1.0.0'], ['ipv6(2001:db8::1),ipmask(8,16)', '2001::'],
  ['ipv6(2001:db8:1:2::ff),ipmask(8,ffff:0:ffff:0:0:0:0:f)', '2001:0:1::f'], ['str(),length', '0'], ['str()', ''],
  ['int(1700000000),utime(%Y-%m-%dT%H:%M:%S)', '2023-11-14T22:13:20'], ['int(1700000000),http_date', 'Tue, 14 Nov 2023 22:13:20 GMT'],
  ["str('{\"a\":{\"b\":[1,\"x\"]}}'),json_query('$.a.b[1]')", 'x'], ["str('{\"a\":7}'),json_query('$.a','int')", '7'], ["str('a/b\"'),json", String.raw`a\/b\"`],
  [String.raw`str('{"a.b":3}'),json_query('$.a\.b')`, '3'],
  ["str('k=v&l=w'),param(l)", 'w'], ['str(abc),ltrim(a)', 'bc'], ['str(abc),rtrim(c)', 'ab'], ['bin(0102),be2dec(:,1)', '1:2'], ['bin(0102),be2hex(-,1)', '01-02'], ['str(h:80),host_only', 'h'],
  ['str(h:80),port_only', '80'], ['int(1),htonl,hex', '00000001'], ['base32', '2555874075'], ['url32', '3648989804'],
];

/** What HAProxy has not, or shows otherwise. */
export const OWN: readonly (readonly [expression: string, result: string | null])[] = [
  ['src', '10.1.2.3'], ['src_port', '5000'], ['dst', '10.0.0.1'], ['dst_port', '8080'], ['fc_src', '10.1.2.3'], ['fc_src_port', '5000'], ['fc_dst', '10.0.0.1'], ['fc_dst_port', '8080'],
  ['src_is_local', '0'], ['dst_conn', '1'], ['fc_http_major', '2'], ['ssl_fc', '0'], ['ssl_fc_sni', null], ['env(HOME)', '/root'], ['env(NONE)', null], ['hostname', 'here'], ['pid', '42'],
  ['fe_name', 'fe'], ['fe_conn', '1'], ['act_conn', '7'], ['be_name', 'app'], ['nbsrv(app)', '1'], ['be_conn(app)', '7'], ['queue(app)', '3'], ['avg_queue(app)', '3'], ['connslots(app)', '5'], ['be_conn_free(app)', '5'],
  ['srv_conn(app/s1)', '2'], ['srv_conn_free(app/s1)', '8'], ['srv_is_up(app/s1)', '1'], ['srv_is_up(app/s2)', '0'], ['srv_weight(app/s1)', '10'], ['stopping', '0'],
  ['be_server_timeout', '5000'], ['cur_server_timeout', '5000'], ['be_tunnel_timeout', '0'], ['cur_tunnel_timeout', '0'],
  ['str(abc),reverse', 'cba'], ['str(a.b.c),reverse_dom', 'c.b.a'], ['bin(0102),le2dec(:,2)', '513'], ['str(a),set-var(txn.q)', 'a'], ['str(a),unset-var(txn.q)', 'a'], ['str(a),add_item(;,txn.none,b)', 'a;b'],
  ['str(a),strcmp(txn.none)', null], ['str(a),has_ctl', '0'], ['capture.req.method', 'GET'], ['capture.req.uri', '/a/b?x=1&Y=2'], ['req.hdr_names', 'x,cookie,user-agent'],
  ['req.cook_names', 'k,k2'], ['req.hdr_val(none)', null], ['grpc', '0'], ['grpc.service', null], ['url', 'http://example.com:8080/a/b?x=1&Y=2'], ['req.ver', '2.0'],
  ['int(1700000000123),ms_utime(%S.%N)', '20.123'], ['int(1700000000123456),us_utime(%N)', '123456'], ['uuid,length', '36'], ['rand(1)', '0'],
];
