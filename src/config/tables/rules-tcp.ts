/** `tcp-request …` (HAProxy manual 4.2). */
import { compileRule } from '../../route/compile-rule.ts';
import { time } from '../arguments.ts';
import { proxyDirective } from '../directive.ts';
import { CONDITION, remaining } from './rule-words.ts';
import type { RuleSet } from '../../route/actions/action.ts';
import type { Rule } from '../../route/rules.ts';
import type { Directive } from '../directive.ts';
import type { ProxyDraft, ProxySection } from '../draft.ts';

function ruleRow(name: RuleSet, sections: readonly ProxySection[], list: (proxy: ProxyDraft) => Rule[], summary: string, example: string): Directive<ProxyDraft> {
  return proxyDirective({
    name, sections: ['defaults', ...sections], origin: 'haproxy', default: 'none', misplaced: 'error', replayed: true, summary, example,
    arguments: [remaining(`<action> ${CONDITION}`, '<action>: see docs/rules.md')],
    apply: (proxy, [words], { position, path }) => {
      proxy.rules.scope.path = path;
      const rule = compileRule(name, words, position, proxy.rules.scope);
      if (rule !== null) list(proxy).push(rule);
    },
  });
}

export const TCP_RULE_DIRECTIVES: readonly Directive<ProxyDraft>[] = [
  ruleRow('tcp-request connection', ['frontend', 'listen'], ({ rules }) => rules.tcpConnection, 'What is done with connections as soon as they are accepted.',
    'tcp-request connection reject unless { src 10.0.0.0/8 }'),
  ruleRow('tcp-request content', ['frontend', 'listen', 'backend'], ({ rules }) => rules.tcpContent,
    "What is done with the first bytes of a raw connection, waited for during 'tcp-request inspect-delay'; with each HTTP/2 stream, in front of http-request.",
    'tcp-request content accept if { req.ssl_hello_type 1 }'),
  proxyDirective({
    name: 'tcp-request inspect-delay', sections: ['defaults', 'frontend', 'listen', 'backend'], origin: 'haproxy', default: '0: rules see what is there at once',
    arguments: [time('time')], summary: "How long 'tcp-request content' rules wait for the bytes that their conditions need.", example: 'tcp-request inspect-delay 5s',
    apply: (proxy, [delay]) => { proxy.settings.inspectDelayMs = delay; },
  }),
  ruleRow('tcp-request session', ['frontend', 'listen'], ({ rules }) => rules.tcpSession, 'What is done with connections once TLS and PROXY protocol are read.',
    'tcp-request session reject if { ssl_fc_sni -m found } !{ ssl_fc_sni -m end .example.com }'),
  ruleRow('tcp-response content', ['listen', 'backend'], ({ rules }) => rules.tcpResponse,
    "What is done with each response of HTTP and gRPC, in front of 'http-response'; those of raw TCP connections are not looked at.", 'tcp-response content reject if { res.hdr(x-secret) -m found }'),
  proxyDirective({
    name: 'tcp-response inspect-delay', sections: ['defaults', 'listen', 'backend'], origin: 'haproxy', default: '0', arguments: [time('time')],
    summary: "How long HAProxy's 'tcp-response content' rules wait for bytes; here they begin when the whole header section is there, and wait for nothing.",
    example: 'tcp-response inspect-delay 5s', apply: () => {},
  }),
];
