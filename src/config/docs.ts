/** docs/configuration.md, from the tables. `npm run docs` writes it; a test holds it up to date. */
import { GLOBAL_ROWS, PROXY_ROWS } from './tables/all.ts';
import { BIND_KEYWORDS } from './tables/proxy.ts';
import { LANGUAGE_VERSION, PREDICATE_USAGES } from './conditions.ts';
import { ENGINE_DIRECTIVES, ENGINE_OPTIONS } from './tables/engine.ts';
import { BIND_KEYWORD_RANK, byImportance, DIRECTIVE_RANK, SECTION_RANK, SERVER_KEYWORD_RANK } from './tables/importance.ts';
import { OLD_GLOBAL, OLD_PROXY } from './tables/old-words.ts';
import { SECTION_TYPES } from './tables/sections.ts';
import { SERVER_KEYWORDS, UNSUPPORTED_BIND_KEYWORDS, UNSUPPORTED_SERVER_KEYWORDS } from './tables/server-keywords.ts';
import { UNSUPPORTED_GLOBAL, UNSUPPORTED_PROXY, UNSUPPORTED_SECTIONS } from './tables/unsupported.ts';
import { UNIX_BIND_KEYWORDS } from './tables/unix-sockets.ts';
import type { DocumentedRow, KeywordRow } from './describe.ts';
import type { OldWord } from './tables/old-words.ts';

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

An argument that is nothing but a variable may become nothing: \`"\${NAME[*]}"\` of an empty variable is no argument, and empty ones at the
end of a line are left out.

## Conditions and messages

Lines between \`.if CONDITION\` and \`.endif\` count when the condition holds; \`.elif CONDITION\` and \`.else\` may stand between. A condition is
nothing or 0 (false), another number (true), or made of these with \`&&\`, \`||\`, \`!\` and parentheses:
${PREDICATE_USAGES.map((usage) => `\`${usage}\``).join(', ')}.
The version that is compared with is the one of the language, ${LANGUAGE_VERSION}. \`pillion -cc CONDITION\` tries one: it ends with 0 when it holds, 1 when
not. \`.notice "TEXT"\`, \`.warning "TEXT"\` and \`.alert "TEXT"\` print a text, \`.diag "TEXT"\` only with -dD; an alert is an error.

## Values

Times are whole numbers with \`us\`, \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`; without a unit they are milliseconds. The longest is 24 days.

Modes go together like this: a frontend in mode \`tcp\` uses backends in mode \`tcp\` or \`auto\`; mode \`auto\` uses \`auto\`; modes \`http\` and
\`grpc\` use \`http\`, \`grpc\` or \`auto\`.
`;

const ENGINE: ReadonlySet<string> = new Set([...ENGINE_DIRECTIVES, ...ENGINE_OPTIONS].map((row) => row.name));

/** The whole page. */
export function configurationManual(): string {
  const parts = [
    INTRODUCTION,
    '## Global section\n', ...GLOBAL_ROWS.filter((row) => !ENGINE.has(row.name)).map(directive),
    '## Proxies\n', sectionMatrix(PROXY_ROWS), ...PROXY_ROWS.filter((row) => !ENGINE.has(row.name)).map(directive),
    ...[...SECTION_TYPES.values()].flatMap(({ word, summary, rows }) => [`## Section \`${word}\`\n`, `${summary}\n`, ...rows.map(directive)]),
    '## Keywords of `bind`\n', keywordTable(BIND_KEYWORDS),
    '## Keywords of `server`, `default-server` and `server-template`\n', keywordTable(SERVER_KEYWORDS),
    '## Keywords of `unix-bind`\n', keywordTable(UNIX_BIND_KEYWORDS),
    '## Read without effect\n',
    'Words that tune HAProxy itself, or that Node.js cannot follow. A notice or a warning says so, unless what they ask for is so in any case.\n',
    engineTable([...ENGINE_DIRECTIVES, ...ENGINE_OPTIONS]),
    '## Not supported yet\n',
    "These are HAProxy's words, those that people use most first. Pillion knows them and refuses them; a word that neither knows is reported as a\n"
      + 'likely typing mistake.\n',
    words('Proxies', UNSUPPORTED_PROXY.keys(), DIRECTIVE_RANK),
    words('Global', UNSUPPORTED_GLOBAL.keys(), DIRECTIVE_RANK, 'what else begins with `tune.`'),
    words('Keywords of `server`', UNSUPPORTED_SERVER_KEYWORDS.keys(), SERVER_KEYWORD_RANK),
    words('Keywords of `bind`', UNSUPPORTED_BIND_KEYWORDS.keys(), BIND_KEYWORD_RANK),
    `**Sections:** ${byImportance(UNSUPPORTED_SECTIONS.keys(), SECTION_RANK).map((name) => instead(name, UNSUPPORTED_SECTIONS.get(name)?.hint)).join('; ')}\n`,
    '## Gone from HAProxy\n',
    'Older tutorials have these. Pillion understands them, does what they did, and warns once of each, naming the line of today;\n'
      + '`pillion migrate FILE` prints a file with those lines.\n',
    oldTable([...OLD_GLOBAL, ...OLD_PROXY]),
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

function words(title: string, names: Iterable<string>, ranks: ReadonlyMap<string, number>, ...more: readonly string[]): string {
  const list = [...byImportance(names, ranks).map((name) => `\`${name}\``), ...more];
  return list.length === 0 ? '' : `**${title}:** ${list.join(', ')}\n`;
}

function instead(name: string, hint: string | null | undefined): string {
  return hint === null || hint === undefined ? `\`${name}\`` : `\`${name}\` (${hint})`;
}

function engineTable(rows: readonly DocumentedRow[]): string {
  const lines = rows.map((row) => `| \`${row.name}\` | ${row.summary} | ${(row.details ?? '').replace(/No effect here, and a (?:warning|notice) says so: /, '')} |`);
  return `${['| word | what it is for | here |', '|---|---|---|', ...lines].join('\n')}\n`;
}

function oldTable(entries: readonly (readonly [string, OldWord])[]): string {
  const lines = entries.map(([name, old]) => `| \`${name}\` | ${old.since ?? '-'} | ${old.today} |`);
  return `${['| word | gone since HAProxy | today |', '|---|---|---|', ...lines].join('\n')}\n`;
}

/** Placeholders in angle brackets would be taken for HTML. */
function code(text: string): string {
  return text.replace(/<[\w./-]+>/g, (placeholder) => `\`${placeholder}\``);
}
