import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, isIPv4 } from 'node:net';

/** Hints bring a look-up forward no closer than this to the last one. */
const HINT_GAP_MS = 1000;
/** Look-ups come up to this share of the interval sooner or later, so that many sidecars do not ask in step. */
const JITTER = 0.1;

/** All addresses of a host, IPv4 and IPv6. Rejects when there is none. */
export type Lookup = (host: string) => Promise<readonly string[]>;

export interface DiscoveryOptions {
  /** Host name, or IP literal, which stands for itself. */
  readonly host: string;
  /** How many addresses can be used at once. */
  readonly slots: number;
  /** Milliseconds from one answer to the next question. */
  readonly intervalMs: number;
  /** The same where there was no answer. Default: `intervalMs`. */
  readonly failedIntervalMs?: number;
  /** Default: the system's, with /etc/hosts and search domains. */
  readonly lookup?: Lookup;
  /** Another one for the first question; where it fails, `lookup` is asked at once. Default: `lookup`. */
  readonly firstLookup?: Lookup;
  /** Where a host has addresses of both families. Default: IPv4. */
  readonly preferIpv6?: boolean;
  /** Numbers in [0, 1). */
  readonly random?: () => number;
  /** A look-up failed, and not as the last one did. The addresses stay what they were. */
  readonly onError?: (reason: string) => void;
}

/**
 * Follows the addresses of a host name, where each address is a server (`server-template`, HAProxy manual 4.2; `--to dns:`).
 *
 * A host that has addresses of both families is taken to have each server twice, as pods of a dual-stack cluster have; the IPv4
 * ones are used then, unless the other ones are preferred.
 */
export class DnsDiscovery {
  readonly #options: DiscoveryOptions;
  #lookup: Lookup;
  readonly #onChange: (addresses: readonly string[]) => void;
  #addresses: readonly string[] = [];
  #surplus = 0;
  #failure = '';
  #state: 'stopped' | 'waiting' | 'asking' = 'stopped';
  #timer: NodeJS.Timeout | null = null;
  /** When the timer fires and when the last look-up ended; performance.now(). */
  #dueAt = 0;
  #endedAt = -Infinity;
  /** Told apart by this, answers to questions from before a stop are dropped. */
  #run = 0;

  /** @param onChange called with the sorted addresses, `slots` at most, whenever they changed. */
  constructor(options: DiscoveryOptions, onChange: (addresses: readonly string[]) => void) {
    this.#options = options;
    this.#lookup = options.firstLookup ?? options.lookup ?? askSystem;
    this.#onChange = onChange;
  }

  /** Addresses of the last answer for which there was no slot. */
  get surplus(): number {
    return this.#surplus;
  }

  /** Begins. The promise is kept once the first answer, or its failure, is there; it does not reject. */
  async start(): Promise<void> {
    if (this.#state !== 'stopped') return;
    this.#run++;
    const { host } = this.#options;
    if (isIP(host) !== 0) {
      this.#take([host]);
      return;
    }
    await this.#ask();
  }

  /** A hint that the addresses may have changed (a connection failed, say): they are asked for at once, but once a second at most. */
  refresh(): void {
    if (this.#state !== 'waiting') return;
    const at = Math.max(this.#endedAt + HINT_GAP_MS, performance.now());
    if (at < this.#dueAt) this.#wait(at - performance.now());
  }

  stop(): void {
    this.#state = 'stopped';
    this.#run++;
    this.#clearTimer();
  }

  async #ask(): Promise<void> {
    const run = this.#run;
    const asked = this.#lookup;
    const lookup = this.#options.lookup ?? askSystem;
    this.#state = 'asking';
    this.#lookup = lookup;
    let answer: readonly string[] = [];
    let failure = '';
    try {
      answer = await asked(this.#options.host);
      if (answer.length === 0) failure = 'no addresses';
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    if (run !== this.#run) return;
    const { intervalMs, failedIntervalMs = intervalMs, random = Math.random } = this.#options;
    const pause = failure === '' ? intervalMs : asked === lookup ? failedIntervalMs : 0;
    this.#endedAt = performance.now();
    this.#wait(pause * (1 - JITTER + 2 * JITTER * random()));
    const known = this.#failure;
    this.#failure = failure;
    if (failure === '') this.#take(answer);
    else if (failure !== known) this.#options.onError?.(failure);
  }

  #take(answer: readonly string[]): void {
    const { slots, preferIpv6 = false } = this.#options;
    const preferred = answer.filter((address) => isIPv4(address) !== preferIpv6);
    const found = Array.from(new Set(preferred.length > 0 ? preferred : answer)).sort();
    // Where there are too many, those in use stay in use.
    const known = new Set(this.#addresses);
    const chosen = found.length <= slots ? found : found.toSorted((a, b) => Number(known.has(b)) - Number(known.has(a))).slice(0, slots).sort();
    this.#surplus = found.length - chosen.length;
    if (chosen.length === this.#addresses.length && chosen.every((address) => known.has(address))) return;
    this.#addresses = chosen;
    this.#onChange(chosen);
  }

  #wait(ms: number): void {
    this.#clearTimer();
    this.#state = 'waiting';
    this.#dueAt = performance.now() + ms;
    this.#timer = setTimeout(() => void this.#ask(), ms);
    this.#timer.unref();
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

export async function askSystem(host: string): Promise<readonly string[]> {
  const answer = await systemLookup(host, { all: true });
  return answer.map(({ address }) => address);
}
