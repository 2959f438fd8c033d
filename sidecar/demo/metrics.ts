/** What Pillion says of itself: its metrics, read from the admin port. */

const LIMIT_MS = 900;

export interface ProxyView {
  readonly retries: number;
  /** By server name, e.g. UP, NOLB, DOWN. */
  readonly health: ReadonlyMap<string, string>;
  /** Streams running on each server now. */
  readonly running: ReadonlyMap<string, number>;
}

/** Resolves to null when the admin port does not answer in time. */
export async function readMetrics(adminPort: number): Promise<ProxyView | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`, { signal: AbortSignal.timeout(LIMIT_MS) });
    return response.ok ? parseMetrics(await response.text()) : null;
  } catch {
    return null;
  }
}

/** Reads the Prometheus text format as far as the demo shows it. */
export function parseMetrics(text: string): ProxyView {
  const health = new Map<string, string>();
  const running = new Map<string, number>();
  let retries = 0;
  for (const [, name = '', labels = '', value = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)) {
    const label = (key: string): string => new RegExp(`(?:^|,)${key}="([^"]*)"`).exec(labels)?.[1] ?? '';
    if (name === 'pillion_backend_retries_total') retries += Number(value);
    else if (name === 'pillion_server_streams') running.set(label('server'), Number(value));
    else if (name === 'pillion_server_status' && Number(value) === 1) health.set(label('server'), label('status'));
  }
  return { retries, health, running };
}
