/** What is asked of the page: options behind its URI, `;csv`, `;up` and others, as HAProxy has them (management manual 9). */

export interface PageOptions {
  readonly format: 'html' | 'csv';
  /** `;up`: without servers that are down. */
  readonly hideDown: boolean;
  /** `;no-maint`: without servers in maintenance. */
  readonly hideMaintenance: boolean;
  readonly noRefresh: boolean;
  /** `;st=`: what came of an action; empty: there was none. */
  readonly outcome: string;
  /** `;scope=`, or `scope=` in the query: a part of the names of the proxies that are shown; empty: all. */
  readonly scope: string;
}

/** HAProxy's limit. */
const MAX_SCOPE = 20;

/** @param rest what stands behind the page's URI */
export function parseOptions(rest: string): PageOptions {
  const words = rest.split(/[;&?]/);
  const value = (name: string): string => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  return {
    format: words.includes('csv') ? 'csv' : 'html',
    hideDown: words.includes('up'),
    hideMaintenance: words.includes('no-maint'),
    noRefresh: words.includes('norefresh'),
    outcome: value('st').slice(0, 4),
    scope: decode(value('scope')).replaceAll(/[^\w.:-]/g, '').slice(0, MAX_SCOPE),
  };
}

/** The page's URI with these options; those that are given replace others. */
export function pageUri(uri: string, options: PageOptions, changes: Partial<PageOptions> = {}): string {
  const { format, hideDown, hideMaintenance, noRefresh, outcome, scope } = { ...options, outcome: '', ...changes };
  return uri
    + (outcome === '' ? '' : `;st=${outcome}`)
    + (format === 'csv' ? ';csv' : '')
    + (hideDown ? ';up' : '')
    + (hideMaintenance ? ';no-maint' : '')
    + (noRefresh ? ';norefresh' : '')
    + (scope === '' ? '' : `;scope=${scope}`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return '';
  }
}
