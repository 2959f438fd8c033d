/** Every word that is understood, by section, in the form of HAProxy's `-dKall`. */
import { GLOBAL_ROWS, PROXY_ROWS } from './tables/all.ts';
import { BIND_KEYWORDS } from './tables/proxy.ts';
import { SECTION_TYPES } from './tables/sections.ts';
import { SERVER_KEYWORDS } from './tables/server-keywords.ts';

export function keywordList(): string {
  const sections: (readonly [string, readonly string[]])[] = [
    ['global', GLOBAL_ROWS.map(({ usage }) => usage)],
    ...(['defaults', 'frontend', 'listen', 'backend'] as const).map((section) =>
      [section, PROXY_ROWS.filter((row) => row.sections.includes(section)).map(({ usage }) => usage)] as const),
    ...[...SECTION_TYPES.values()].map(({ word, rows }) => [word, rows.map(({ usage }) => usage)] as const),
    ['bind', BIND_KEYWORDS.map(({ usage }) => usage)],
    ['server', SERVER_KEYWORDS.map(({ usage }) => usage)],
  ];
  const lines = sections.flatMap(([section, words]) => [section, ...words.toSorted().map((word) => `\t${word}`)]);
  return `# List of registered configuration keywords:\n${lines.join('\n')}\n`;
}
