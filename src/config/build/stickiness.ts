/** Cookies and stick tables: what belongs together, checked. */
import { nearest } from '../nearest.ts';
import type { Reporter } from '../diagnostics.ts';
import type { ProxyDraft } from '../draft.ts';
import type { StickinessSettings } from '../stickiness-settings.ts';

/** @param backends by name. null: the backend has nothing of it. */
export function toStickiness(proxy: ProxyDraft, backends: ReadonlyMap<string, ProxyDraft>, report: Reporter): StickinessSettings | null {
  const { cookie, dynamicCookieKey, sendServerName, mode } = proxy.settings;
  for (const rule of proxy.stick) {
    const owner = rule.table === proxy.name ? proxy : backends.get(rule.table);
    if (owner === undefined) {
      const near = nearest(rule.table, backends.keys());
      report.error(`there is no backend named '${rule.table}'`, rule.position, near && `did you mean '${near}'?`);
    } else if (owner.stickTable === null) {
      report.error(`'${owner.name}' has no 'stick-table'`, rule.position, "add 'stick-table type ip size 100k expire 30m' to it");
    }
  }
  if (cookie?.dynamic === true && dynamicCookieKey === null) {
    report.error(`the dynamic cookie of '${proxy.name}' needs 'dynamic-cookie-key'`, proxy.position);
  }
  const active = mode === 'tcp' ? null : cookie;
  if (active === null && proxy.stick.length === 0 && proxy.stickTable === null && sendServerName === null) return null;
  return { cookie: active, dynamicCookieKey, table: proxy.stickTable, rules: proxy.stick, sendServerName: mode === 'tcp' ? null : sendServerName };
}
