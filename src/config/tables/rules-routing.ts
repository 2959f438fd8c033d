/** `acl`, `use_backend`, `use-server` (HAProxy manual 4.2 and 7). */
import { compileAcl, compileChoice } from '../../route/compile-rule.ts';
import { proxyDirective } from '../directive.ts';
import { CONDITION, remaining } from './rule-words.ts';
import type { Directive } from '../directive.ts';
import type { ProxyDraft } from '../draft.ts';

export const ROUTING_DIRECTIVES: readonly Directive<ProxyDraft>[] = [
  proxyDirective({
    name: 'acl', sections: ['defaults', 'frontend', 'listen', 'backend'], origin: 'haproxy', default: 'none', misplaced: 'error', replayed: true,
    arguments: [remaining('<name> <criterion> [flags] [operator] [<value>...]', '<criterion>: an expression such as path_beg or req.hdr(host); see docs/rules.md')],
    summary: 'A name for a condition. Several lines of one name: any of them.', example: 'acl greeter path_beg /helloworld.Greeter/',
    apply: (proxy, [words], { position, path }) => {
      proxy.rules.scope.path = path;
      compileAcl(words, position, proxy.rules.scope);
    },
  }),
  proxyDirective({
    name: 'use-server', sections: ['listen', 'backend'], origin: 'haproxy', default: 'by balance', misplaced: 'error',
    arguments: [remaining(`<server> ${CONDITION}`, '<server>: the name of a server of this backend, or a format')],
    summary: 'The server for what meets the condition, as long as it is usable; the first that fits counts.', example: 'use-server %[req.hdr(x-server)] if { req.hdr(x-server) -m found }',
    apply: (proxy, [words], { position, path }) => {
      proxy.rules.scope.path = path;
      const choice = compileChoice('use-server', words, 'request', position, proxy.rules.scope);
      if (choice !== null) proxy.rules.useServer.push(choice);
    },
  }),
  proxyDirective({
    name: 'use_backend', sections: ['frontend', 'listen'], origin: 'haproxy', default: 'default_backend', misplaced: 'error',
    arguments: [remaining(`<backend> ${CONDITION}`, "<backend>: the name of a 'backend' or 'listen' section, or a format such as %[req.hdr(host),lower]")],
    summary: 'The backend for what meets the condition; the first that fits counts.',
    details: 'A name made by a format that no backend has is passed over. HTTP/2 is routed stream by stream, raw TCP by connection.',
    example: 'use_backend greeter if { grpc.service helloworld.Greeter }',
    apply: (proxy, [words], { position, path }) => {
      proxy.rules.scope.path = path;
      const choice = compileChoice('use_backend', words, 'request', position, proxy.rules.scope);
      if (choice !== null) proxy.rules.useBackend.push(choice);
    },
  }),
];
