/** Numbers and times as people read them. */

const UNITS: readonly (readonly [seconds: number, unit: string])[] = [[86_400, 'd'], [3600, 'h'], [60, 'm']];

/** The two largest units, as HAProxy writes it: `2d3h`, `5m20s`, `7s`. */
export function duration(seconds: number): string {
  for (const [size, unit] of UNITS) {
    if (seconds < size) continue;
    const smaller = size === 86_400 ? 3600 : size === 3600 ? 60 : 1;
    return `${Math.floor(seconds / size)}${unit}${Math.floor((seconds % size) / smaller)}${smaller === 3600 ? 'h' : smaller === 60 ? 'm' : 's'}`;
  }
  return `${Math.floor(seconds)}s`;
}

/** With a narrow blank between groups of three digits. */
export function count(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** Octets by binary units, three digits. */
export function octets(value: number): string {
  const units = ['', 'K', 'M', 'G', 'T', 'P'];
  let rest = value;
  let at = 0;
  while (rest >= 1024 && at < units.length - 1) {
    rest /= 1024;
    at++;
  }
  return at === 0 ? String(value) : `${rest < 10 ? rest.toFixed(2) : rest < 100 ? rest.toFixed(1) : Math.round(rest)}${units[at]}`;
}

/** For text and for attributes in double quotes. */
export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}
