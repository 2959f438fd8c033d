import { Resolver, getServers } from 'node:dns';
import type { ResolversSettings } from '../config/model.ts';
import type { Lookup } from './dns-discovery.ts';

/** Asks the nameservers of a `resolvers` section, A and AAAA (HAProxy manual 5.3). Search domains and /etc/hosts do not count there. */
export function askNameservers({ nameservers, system, tries, timeoutMs }: ResolversSettings): Lookup {
  const resolver = new Resolver({ tries, timeout: timeoutMs });
  const own = nameservers.map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`));
  resolver.setServers([...own, ...(system ? getServers() : [])]);
  const ask = (type: 'A' | 'AAAA', host: string): Promise<readonly string[]> =>
    new Promise((resolve, reject) => {
      const answered = (error: NodeJS.ErrnoException | null, addresses: readonly string[]): void => {
        if (error === null) resolve(addresses);
        // The name is there, without addresses of this family.
        else if (error.code === 'ENODATA') resolve([]);
        else reject(error);
      };
      if (type === 'A') resolver.resolve4(host, answered);
      else resolver.resolve6(host, answered);
    });
  return async (host) => {
    const answers = await Promise.allSettled([ask('A', host), ask('AAAA', host)]);
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const failed = answers.find((answer) => answer.status === 'rejected');
    if (found.length === 0 && failed !== undefined) throw failed.reason;
    return found;
  };
}
