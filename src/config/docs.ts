/** docs/configuration.md, from the tables. `npm run docs` writes it; a test holds it up to date. */
import { GLOBAL_ROWS, PROXY_ROWS } from './tables/all.ts';
import { BIND_KEYWORDS } from './tables/proxy.ts';
import { REMOVED_GLOBAL, REMOVED_PROXY } from './tables/removed.ts';
import { SERVER_KEYWORDS, UNSUPPORTED_BIND_KEYWORDS, UNSUPPORTED_SERVER_KEYWORDS } from './tables/server-keywords.ts';
import { UNSUPPORTED_GLOBAL, UNSUPPORTED_PREPROCESSOR, UNSUPPORTED_PROXY, UNSUPPORTED_SECTIONS } from './tables/unsupported.ts';
import type { DocumentedRow, KeywordRow } from './describe.ts';
import type { RemovedWord } from './tables/removed.ts';

const INTRODUCTION = `\
# Configuration

Pillion reads HAProxy's configuration language. This page lists what it understands of it; all else is an error that says so, and
nothing is ignored in silence. It is generated from the tables that the parser uses (\`npm run docs\`); \`pillion help DIRECTIVE\`
prints the same. What is not in HAProxy is marked **Pillion**.

## The file

A file is a sequence of sections: \`global\`, \`defaults [NAME]\`, \`frontend NAME\`, \`backend NAME\`, \`listen NAME\` (frontend and backend
in one). A section ends where the next begins. A proxy inherits from the last \`defaults\` above it, or from the one that it names:
\`backend NAME from DEFAULTS\`. Several files are read in order as if they were one, but a section ends with its file; of a directory,
the files that end in \`.cfg\` are read in alphabetical order.

A line is a list of words between blanks. \`#\` begins a comment.

| written | means |
|---|---|
| \`\\ \` \`\\#\` \`\\\\\` \`\\'\` \`\\"\` | the character itself |
| \`\\n\` \`\\r\` \`\\t\` \`\\xHH\` | line feed, carriage return, tab, the character with that hexadecimal code |
| \`"..."\` | blanks and \`#\` are ordinary, escapes and variables are read, \`\\$\` is a dollar sign |
| \`'...'\` | everything is ordinary |
| \`"$NAME"\` \`"\${NAME}"\` | the variable of the environment, empty when it is not set |
| \`"\${NAME-text}"\` | the variable, or \`text\` when it is not set |
| \`"\${NAME[*]}"\` | the words in the variable, as so many arguments |
| \`"\${.FILE}"\` \`"\${.LINE}"\` \`"\${.SECTION}"\` | where the line stands |
| \`\\\` at the end of a line | the statement goes on in the next line (**Pillion**) |

Times are whole numbers with \`us\`, \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`; without a unit they are milliseconds. The longest is 24 days.

Modes go together like this: a frontend in mode \`tcp\` uses backends in mode \`tcp\` or \`auto\`; mode \`auto\` uses \`auto\`; modes \`http\` and
\`grpc\` use \`http\`, \`grpc\` or \`auto\`. In mode \`http\` every server needs \`proto h2\`: HTTP/1 servers are not supported yet.
`;

/** The whole page. */
export function configurationManual(): string {
  const parts = [
    INTRODUCTION,
    '## Global section\n', ...GLOBAL_ROWS.map(directive),
    '## Proxies\n', sectionMatrix(PROXY_ROWS), ...PROXY_ROWS.map(directive),
    '## Keywords of `bind`\n', keywordTable(BIND_KEYWORDS),
    '## Keywords of `server`, `default-server` and `server-template`\n', keywordTable(SERVER_KEYWORDS),
    '## Not supported yet\n',
    "These are HAProxy's words. Pillion knows them and refuses them; a word that neither knows is reported as a likely typing mistake.\n",
    words('Sections', UNSUPPORTED_SECTIONS.keys()),
    words('Conditional blocks and messages', UNSUPPORTED_PREPROCESSOR),
    words('Global', UNSUPPORTED_GLOBAL.keys(), '`tune.*`'),
    words('Proxies', UNSUPPORTED_PROXY.keys()),
    words('Keywords of `bind`', UNSUPPORTED_BIND_KEYWORDS.keys()),
    words('Keywords of `server`', UNSUPPORTED_SERVER_KEYWORDS.keys()),
    '## Gone from HAProxy\n',
    'Older tutorials have these; Pillion names what to write today.\n',
    removedTable([...REMOVED_GLOBAL, ...REMOVED_PROXY]),
  ];
  return parts.join('\n');
}

function directive(row: DocumentedRow): string {
  const described = row.arguments.map((argument) => argument.describe).filter((text) => text !== '');
  return `${[
    `### ${row.name}\n`,
    `    ${row.usage}\n`,
    `${row.summary}${row.details === undefined ? '' : ` ${row.details}`}\n`,
    ...described.map((text) => `- ${code(text)}`),
    `- In: ${row.sections.join(', ')}`,
    `- Default: ${code(row.default)}`,
    ...(row.negatable ? [`- Undone by \`no ${row.name}\``] : []),
    ...(row.origin === 'pillion' ? ['- **Pillion**'] : []),
    `- Example: \`${row.example}\``,
  ].join('\n')}\n`;
}

function sectionMatrix(rows: readonly DocumentedRow[]): string {
  const sections = ['defaults', 'frontend', 'listen', 'backend'] as const;
  const lines = rows.map((row) => {
    const marks = sections.map((section) => (row.sections.includes(section) ? ' x ' : '   '));
    return `| \`${row.name}\`${row.origin === 'pillion' ? ' **Pillion**' : ''} |${marks.join('|')}|`;
  });
  return `${[`| directive | ${sections.join(' | ')} |`, '|---|---|---|---|---|', ...lines].join('\n')}\n`;
}

function keywordTable(rows: readonly KeywordRow[]): string {
  const lines = rows.map((row) => `| \`${row.usage.replaceAll('|', '\\|')}\` | ${code(row.summary)} | ${row.default} |`);
  return `${['| keyword | what it does | default |', '|---|---|---|', ...lines].join('\n')}\n`;
}

function words(title: string, names: Iterable<string>, ...more: readonly string[]): string {
  const list = [...[...names].toSorted().map((name) => `\`${name}\``), ...more];
  return `**${title}:** ${list.join(', ')}\n`;
}

function removedTable(entries: readonly (readonly [string, RemovedWord])[]): string {
  const lines = entries.map(([name, removed]) => `| \`${name}\` | ${removed.since ?? '-'} | ${removed.hint} |`);
  return `${['| word | gone since HAProxy | today |', '|---|---|---|', ...lines].join('\n')}\n`;
}

/** Placeholders in angle brackets would be taken for HTML. */
function code(text: string): string {
  return text.replace(/<[\w./-]+>/g, (placeholder) => `\`${placeholder}\``);
}
