/** `option forwardfor` and `option forwarded` (HAProxy manual 4.2). */
import { isIP } from 'node:net';
import { required } from '../arguments.ts';
import { proxyDirective } from '../directive.ts';
import type { Argument, Directive } from '../directive.ts';
import type { ProxyDraft } from '../draft.ts';
import type { ForwardedParameter, ForwardForSettings, Network } from '../forwarded-settings.ts';

/** A field name's octets (RFC 9110 §5.6.2). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function parseNetwork(text: string): Network | null {
  const [address = '', length, more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined) return null;
  const most = version === 4 ? 32 : 128;
  const prefix = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  return prefix < 0 || prefix > most ? null : { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

const forwardFor = told('[except <network>] [header <name>] [if-none]', '<network>: an address, or network/length, of clients that are not told of; <name>: the field, default x-forwarded-for');
const originalTo = told('[except <network>] [header <name>]', '<network>: an address, or network/length, of destinations that are not told of; <name>: the field, default x-original-to');

function told(usage: string, describe: string): Argument<ForwardForSettings> {
  const words = [...usage.matchAll(/\[([a-z-]+)/g)].map(([, word = '']) => word);
  return {
    usage,
    describe,
    take: (cursor, context) => {
      let settings: ForwardForSettings = { except: null, header: null, ifNone: false };
      for (let token = cursor.next(); token !== undefined; token = cursor.next()) {
        cursor.head = token.position;
        if (token.text === 'if-none' && words.includes('if-none')) {
          settings = { ...settings, ifNone: true };
        } else if (token.text === 'except' || token.text === 'header') {
          const value = required(cursor, { ...context, directive: token.text }, token.text === 'except' ? 'a network' : 'the name of a header field');
          if (value === undefined) return undefined;
          const except = token.text === 'except' ? parseNetwork(value.text) : null;
          if (token.text === 'except' ? except === null : !TOKEN.test(value.text)) {
            context.report.error(`'${value.text}' is not ${token.text === 'except' ? 'an address or network, such as 10.0.0.0/8' : 'the name of a header field'}`, value.position);
            return undefined;
          }
          settings = except !== null ? { ...settings, except } : { ...settings, header: value.text.toLowerCase() };
        } else {
          context.report.error(`'${token.text}' is not an argument of '${context.directive}'`, token.position, `expected ${words.map((word) => `'${word}'`).join(' or ')}`);
          return undefined;
        }
      }
      return settings;
    },
  };
}

const PARAMETERS: readonly ForwardedParameter[] = ['proto', 'host', 'by', 'by_port', 'for', 'for_port'];

const forwarded: Argument<readonly ForwardedParameter[]> = {
  usage: '[proto] [host] [by] [by_port] [for] [for_port]',
  describe: `what is told: ${PARAMETERS.join(', ')}; without any: proto and for`,
  take: (cursor, context) => {
    const chosen = new Set<ForwardedParameter>();
    for (let token = cursor.next(); token !== undefined; token = cursor.next()) {
      const parameter = PARAMETERS.find((name) => name === token.text);
      if (parameter === undefined) {
        const expression = token.text.endsWith('-expr');
        const message = expression ? `'${token.text}': expressions are not supported by Pillion yet` : `'${token.text}' is not an argument of '${context.directive}'`;
        context.report.error(message, token.position, `expected any of ${PARAMETERS.join(', ')}`);
        return undefined;
      }
      chosen.add(parameter);
    }
    if (chosen.has('by_port')) chosen.add('by');
    if (chosen.has('for_port')) chosen.add('for');
    return chosen.size === 0 ? ['proto', 'for'] : PARAMETERS.filter((parameter) => chosen.has(parameter));
  },
};

export const FORWARDED_DIRECTIVES: readonly Directive<ProxyDraft>[] = [
  proxyDirective({
    name: 'option forwardfor', sections: ['defaults', 'frontend', 'listen', 'backend'], arguments: [forwardFor], origin: 'haproxy', default: 'off',
    summary: "Add the client's address to each request of HTTP and gRPC, as a field of its own behind those that there are.",
    details: 'In frontend or backend; where both have it, the field name is the backend\'s, and if-none counts only if both say so. '
      + 'Servers must look at the last such field: the client may have sent others.',
    example: 'option forwardfor except 127.0.0.0/8',
    apply: (proxy, [settings]) => { proxy.settings.forwardFor = settings; },
    undo: (proxy) => { proxy.settings.forwardFor = null; },
  }),
  proxyDirective({
    name: 'option originalto', sections: ['defaults', 'frontend', 'listen', 'backend'], arguments: [originalTo], origin: 'haproxy', default: 'off',
    summary: 'Add the address that the client connected to to each request of HTTP and gRPC, as a field of its own behind those that there are.',
    details: "In frontend or backend; where both have it, the field name is the backend's.",
    example: 'option originalto except 127.0.0.1',
    apply: (proxy, [settings]) => { proxy.settings.originalTo = settings; },
    undo: (proxy) => { proxy.settings.originalTo = null; },
  }),
  proxyDirective({
    name: 'option forwarded', sections: ['defaults', 'listen', 'backend'], arguments: [forwarded], origin: 'haproxy', default: 'off',
    summary: 'Add a field forwarded (RFC 7239) to each request of HTTP and gRPC: how it came, from where.',
    example: 'option forwarded proto host for',
    apply: (proxy, [parameters]) => { proxy.settings.forwarded = parameters; },
    undo: (proxy) => { proxy.settings.forwarded = null; },
  }),
];
