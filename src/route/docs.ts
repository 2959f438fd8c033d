/** docs/rules.md, from the tables that rules are compiled by. */
import { ACTIONS, UNSUPPORTED_ACTIONS } from './actions/all.ts';
import { CONVERTER_ROWS } from './converters/all.ts';
import { signature } from './declare.ts';
import { FETCH_ROWS } from './fetches/all.ts';
import { LOG_VARIABLES } from './log-variables.ts';
import { PREDEFINED } from './predefined.ts';
import type { RuleSet } from './actions/action.ts';
import type { Need } from './scope.ts';

const INTRODUCTION = `\
# Rules

Rules say which backend and server a request goes to, who is refused, and what is changed on the way. They are HAProxy's; this page
lists what Pillion has of them and is generated from the tables that compile them (\`npm run docs\`). What is not in HAProxy is marked
**Pillion**. All is checked and compiled when the configuration is read; a frontend without rules spends nothing on them.

\`\`\`
frontend clients
    bind :8080
    mode grpc
    acl internal src 10.0.0.0/8
    http-request deny if { grpc.service admin.Admin } !internal
    http-request set-header x-client %[src]
    use_backend canary if { req.hdr(x-canary) 1 }
    use_backend be_%[grpc.service]
    default_backend others
\`\`\`

\`pillion explain -f FILE 'POST /admin.Admin/Stop' --from 10.1.2.3\` says rule by rule what happens to a request.

## Order

A connection meets \`tcp-request connection\`, then, once PROXY header and TLS are read, \`tcp-request session\`. Each HTTP stream meets the
frontend's \`tcp-request content\`, \`http-request\` and \`redirect\` rules; \`use_backend\`, else \`default_backend\`; the backend's
\`tcp-request content\`, \`http-request\` and \`redirect\` rules; \`use-server\`, else \`balance\`. Its response meets \`tcp-response content\` and \`http-response\` of the backend,
then of the frontend, and \`http-after-response\` of both, which Pillion's own responses meet as well. Of a raw connection the first bytes are
looked at by \`tcp-request content\` for up to \`tcp-request inspect-delay\`.

## gRPC

A gRPC call that a rule ends with an HTTP status of 400 or above gets the grpc-status that the gRPC specification maps it to, in a response
of trailers only: 400 INTERNAL, 401 UNAUTHENTICATED, 403 PERMISSION_DENIED, 404 UNIMPLEMENTED, 429, 502, 503 and 504 UNAVAILABLE, others
UNKNOWN. \`hdr grpc-status 5\` says which, \`hdr grpc-message <text>\` or \`string <text>\` why. A content type in the rule sends the response as written.

## Conditions

\`if\` and \`unless\` are followed by names of ACLs and by anonymous ones in braces, which stand between blanks. Side by side all must hold; \`||\` or
\`or\` begins another alternative; \`!\` negates. A criterion is an expression, or a fetch of text with a suffix: \`path_beg\` is \`path -m beg\`.

| flag | |
|---|---|
| \`-i\` | whatever the case |
| \`-f <file>\` | patterns from a file, one a line, read at start; may be repeated |
| \`-M\` | the files are maps: their keys count |
| \`-m <method>\` | how to match: \`str\` \`beg\` \`end\` \`sub\` \`reg\` \`dom\` \`dir\` \`len\` \`int\` \`ip\` \`bin\` \`bool\` \`found\` |
| \`-n\`, \`-u <id>\` | accepted: names are never resolved, and there is no command that asks for ids |
| \`--\` | no flags behind it |

Numbers are given as \`5\`, \`5:10\`, \`5:\`, \`:10\`, or behind \`eq\`, \`ge\`, \`gt\`, \`le\`, \`lt\`; addresses as \`10.0.0.0/8\`, \`2001:db8::/32\`. Regular expressions are
JavaScript's: what PCRE writes otherwise is translated (\`(?i)\`, \`(?P<n>…)\`, \`[[:alpha:]]\`, \`\\A\`, \`\\z\`, \`\\Q…\\E\`), what JavaScript does not have is an error
(possessive quantifiers, atomic groups, recursion), and nested repetitions that can take exponential time are warned of.
`;

const FORMATS = `\
## Formats

Where a rule takes a \`<format>\`, and in \`log-format\` and \`unique-id-format\`, text may hold \`%[<expression>]\` and the variables below; \`%%\` is a percent
sign. \`%{+Q}\`, \`%{+X}\` and \`%{+E}\` put what follows in quotes, in hexadecimal digits, with escapes; in front of \`o\` all that follows. In a log line
what is missing is \`-\` and control characters are \`#XX\`; elsewhere what is missing is empty.
`;

const NEEDS: Readonly<Record<Need, string>> = {
  nothing: '', connection: '', tls: 'TLS', bytes: 'first bytes', request: 'request', body: 'request', server: 'server', response: 'response', log: 'log only',
};

const SETS: readonly RuleSet[] = ['http-request', 'http-response', 'http-after-response', 'tcp-request connection', 'tcp-request session', 'tcp-request content', 'tcp-response content'];

/** The whole page. */
export function rulesManual(): string {
  return [
    INTRODUCTION,
    `Predefined:\n\n${table(['name', 'is'], [...PREDEFINED].map(([name, criterion]) => [code(name), code(criterion)]))}`,
    '## Actions\n',
    table(['action', 'in', 'what it does'], ACTIONS.map(({ usage, sets, summary }) => [code(usage), sets.length === SETS.length ? 'all' : sets.join(', '), summary])),
    `Not supported: ${[...UNSUPPORTED_ACTIONS.keys()].toSorted().map(code).join(', ')}.\n`,
    '## Sample fetches\n',
    'Fetches of the request can be used in responses and log lines as well, where HAProxy has lost it.\n',
    table(['fetch', 'type', 'needs', 'what it is'], FETCH_ROWS.toSorted(byName).map(({ names, arguments: args, type, needs, summary, origin }) =>
      [titles(names, signature(args)), type, NEEDS[needs], `${summary}${origin === 'pillion' ? ' **Pillion**' : ''}`])),
    '## Converters\n',
    table(['converter', 'from', 'to', 'what it does'], CONVERTER_ROWS.toSorted(byName).map(({ names, arguments: args, input, output, summary }) =>
      [titles(names, signature(args)), input, output, summary])),
    FORMATS,
    table(['variable', 'what it is'], [...LOG_VARIABLES].map(([name, { summary }]) => [code(`%${name}`), summary])),
  ].join('\n');
}

function byName(a: { readonly names: readonly string[] }, b: { readonly names: readonly string[] }): number {
  return (a.names[0] ?? '') < (b.names[0] ?? '') ? -1 : 1;
}

function titles([first = '', ...others]: readonly string[], args: string): string {
  return [`${first}${args}`, ...others].map(code).join(', ');
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('\n', ' ')).join(' | ')} |`;
  return `${[line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n')}\n`;
}
