/** HAProxy's fetches and converters that Pillion does not have, with what to use instead. */

const STICK = 'stick tables are not supported by this version';
const LUA = 'Lua is not supported';
const DETAIL = 'leave it out';

const PREFIXES: readonly (readonly [prefix: RegExp, hint: string])[] = [
  [/^(sc\d?_|src_(clr|conn|get|gpc|gpt|http|inc|kbytes|sess|updt|bytes|glitch)|table_|in_table)/, STICK],
  [/^lua\./, LUA],
  [/^ssl_(s_|f_|bc_|fc_|c_(r_dn|policies|ca_err|err))/, 'see docs/rules.md for what is known of TLS'],
  [/^(fc_|bc_)(rtt|rttvar|unacked|lost|reordering|retrans|sacked|fackets|settings|err|glitches|nb_streams)/, 'Node.js does not tell it'],
  [/^(51d|deviceatlas|da-|wurfl)/, 'device detection is not supported'],
  [/^(quic_|fix_|mqtt_|rdp_cookie|rdp_|aes_|jwt_|protobuf$|ungrpc$|x509_v_err_str$|cert_|rfc7239_)/, DETAIL],
];

/** A hint for a name of HAProxy's; undefined: no such name is known. */
export function unsupportedSample(name: string): string | undefined {
  return PREFIXES.find(([prefix]) => prefix.test(name))?.[1];
}
