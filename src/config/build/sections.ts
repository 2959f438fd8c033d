/** Sections beside proxies into settings, and what refers to them. */
import { nearest } from '../nearest.ts';
import { checkUserlist } from '../tables/sections.ts';
import type { Reporter } from '../diagnostics.ts';
import type { ConfigurationDraft, ResolversDraft } from '../draft.ts';
import type { Configuration, ResolversSettings } from '../model.ts';

export function toSections(draft: ConfigurationDraft, report: Reporter): Pick<Configuration, 'userlists' | 'httpErrors' | 'resolvers'> {
  for (const list of draft.userlists.values()) checkUserlist(list, report);
  checkResolvers(draft, report);
  return {
    userlists: new Map([...draft.userlists].map(([name, { users }]) => [name, { users }])),
    httpErrors: new Map([...draft.httpErrors].map(([name, { files }]) => [name, files])),
    resolvers: new Map([...draft.resolvers].map(([name, section]) => [name, toResolvers(section)])),
  };
}

/** 'default' exists without being written: the system's nameservers (manual 5.3.2). */
function checkResolvers({ proxies, resolvers }: ConfigurationDraft, report: Reporter): void {
  for (const { servers } of proxies) {
    for (const { keywords: { resolvers: name }, position } of servers) {
      if (name === null || name === 'default' || resolvers.has(name)) continue;
      if (report.full) return;
      const near = nearest(name, resolvers.keys());
      report.error(`there is no section 'resolvers ${name}'`, position, near && `did you mean '${near}'?`);
    }
  }
}

function toResolvers({ nameservers, parseResolvConf, tries, retryMs, resolveMs, holdValidMs }: ResolversDraft): ResolversSettings {
  return { nameservers: [...nameservers.values()], system: parseResolvConf || nameservers.size === 0, tries, timeoutMs: retryMs, resolveMs, holdValidMs };
}
