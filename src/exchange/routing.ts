/** Rules of a frontend together with what they lead to. Frontends without rules have none of this. */
import type { ProxyDirectory, RuleSession } from '../route/context.ts';
import type { Policy } from '../route/policy.ts';
import { NO_RULES, type ProxyRules } from '../route/rules.ts';
import type { FrontendSettings } from '../config/model.ts';
import type { Backend } from '../pool/backend.ts';

export interface Routing {
  readonly policy: Policy;
  readonly directory: ProxyDirectory;
  backend(name: string): Backend | undefined;
}

/** null: neither the frontend nor the backend that it leads to has rules. */
export function createRouting(settings: FrontendSettings, backends: ReadonlyMap<string, Backend>, directory: ProxyDirectory): Routing | null {
  const { rules, defaultBackend } = settings;
  const rulesOf = (name: string): ProxyRules | null => backends.get(name)?.settings.rules ?? null;
  if (rules === null && (defaultBackend === null || rulesOf(defaultBackend) === null)) return null;
  return { policy: { frontend: rules ?? NO_RULES, defaultBackend, backend: rulesOf }, directory, backend: (name) => backends.get(name) };
}

/** What connections need for their streams' rules. */
export interface RuledConnection {
  readonly routing: Routing;
  readonly session: RuleSession;
  /** `silent-drop`: closes the connection with all that is on it. */
  drop(cause: string): void;
}
