import { COLUMNS, type ProxyRows } from './columns.ts';

/** HAProxy's CSV: a header that begins with `# `, and a comma behind every field. */
export function renderCsv(proxies: readonly ProxyRows[]): string {
  const lines = [`# ${COLUMNS.join(',')},`];
  for (const { rows } of proxies) {
    for (const row of rows) lines.push(`${COLUMNS.map((column) => field(row[column])).join(',')},`);
  }
  return `${lines.join('\n')}\n`;
}

function field(value: string | number | undefined): string {
  if (value === undefined) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
