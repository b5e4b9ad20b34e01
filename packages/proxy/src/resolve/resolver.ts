import { Resolver as DnsResolver } from 'node:dns/promises';
import { type Host, hostKind, parseHost } from '@paude/allowlist';
import { LRUCache } from 'lru-cache';
import type { ReasonCode } from '../report/reasons.ts';

/** The addresses of a name, IPv6 and IPv4 mixed as they should be tried, or why there are none. */
export type Resolution =
  | { readonly kind: 'addresses'; readonly addresses: readonly Host[] }
  | {
      readonly kind: 'failed';
      readonly reason: Extract<ReasonCode, `dns-${string}`>;
      readonly detail: string;
    };

export interface ResolverOptions {
  /** DNS servers, as `address` or `address:port`. @default the machine's own (/etc/resolv.conf) */
  readonly servers?: readonly string[] | undefined;
  /** Static answers; a name in here is never asked for. */
  readonly hosts?: ReadonlyMap<Host, readonly Host[]> | undefined;
  /** How long a lookup may take in all. @default 5000 */
  readonly timeoutMs?: number;
  /** How many names are remembered. @default 4096 */
  readonly maxNames?: number;
}

/** What `localhost` means, and every name under it, without asking anybody (RFC 6761 §6.3). */
const LOOPBACK: Resolution = {
  kind: 'addresses',
  addresses: ['127.0.0.1', '::1'].map((ip) => parseHost(ip)),
};

const MIN_TTL_MS = 1000;
const MAX_TTL_MS = 300_000;
const FAILURE_TTL_MS = 2000;
const NEGATIVE_TTL_MS = 5000;
/** RFC 8305 §3: how long one family waits for the other. */
const RESOLUTION_DELAY_MS = 50;

/** Looks names up with c-ares: both families at once, answers kept for their TTL, one lookup a name at a time. */
export class Resolver {
  readonly #dns: DnsResolver;
  readonly #hosts: ReadonlyMap<Host, readonly Host[]>;
  readonly #timeoutMs: number;
  readonly #cache: LRUCache<Host, Resolution>;
  readonly #pending = new Map<Host, Promise<Resolution>>();

  constructor(options: ResolverOptions = {}) {
    this.#timeoutMs = options.timeoutMs ?? 5000;
    // c-ares doubles the wait with every try: three tries fit into the whole time.
    this.#dns = new DnsResolver({ timeout: Math.max(100, Math.floor(this.#timeoutMs / 5)), tries: 3 });
    if (options.servers !== undefined && options.servers.length > 0) this.#dns.setServers(options.servers);
    this.#hosts = options.hosts ?? new Map();
    this.#cache = new LRUCache({ max: options.maxNames ?? 4096 });
  }

  /** What is known without asking: an address itself, a static answer, a fresh cached one. */
  known(host: Host): Resolution | undefined {
    const fixed = this.#hosts.get(host);
    if (fixed !== undefined) return { kind: 'addresses', addresses: fixed };
    if (hostKind(host) !== 'name') return { kind: 'addresses', addresses: [host] };
    if (host === 'localhost' || host.endsWith('.localhost')) return LOOPBACK;
    return this.#cache.get(host);
  }

  /** Never rejects: a failure is a value. */
  resolve(host: Host): Promise<Resolution> {
    const known = this.known(host);
    if (known !== undefined) return Promise.resolve(known);
    let pending = this.#pending.get(host);
    if (pending === undefined) {
      pending = this.#ask(host).finally(() => this.#pending.delete(host));
      this.#pending.set(host, pending);
    }
    return pending;
  }

  /** Stops lookups that are under way; they end as failures. */
  close(): void {
    this.#dns.cancel();
    this.#cache.clear();
  }

  async #ask(host: Host): Promise<Resolution> {
    const [v4, v6] = await this.#bothFamilies(host);
    const addresses = interleave(v6.addresses, v4.addresses);
    if (addresses.length > 0) {
      const resolution: Resolution = { kind: 'addresses', addresses };
      const ttlMs = Math.min(v4.ttlMs, v6.ttlMs);
      this.#cache.set(host, resolution, { ttl: Math.max(MIN_TTL_MS, Math.min(MAX_TTL_MS, ttlMs)) });
      return resolution;
    }
    const reason = failureReason(v4.code, v6.code);
    const resolution: Resolution = { kind: 'failed', reason, detail: v4.code ?? v6.code ?? 'ENODATA' };
    const negative = reason === 'dns-not-found' || reason === 'dns-no-address';
    this.#cache.set(host, resolution, { ttl: negative ? NEGATIVE_TTL_MS : FAILURE_TTL_MS });
    return resolution;
  }

  /** Asks for A and AAAA together; once one has answers, the other gets a little longer and is then left out. */
  async #bothFamilies(host: Host): Promise<[Family, Family]> {
    const v4 = this.#family(host, 4);
    const v6 = this.#family(host, 6);
    const late: Family = { addresses: [], ttlMs: MAX_TTL_MS, code: 'ETIMEOUT' };
    const deadline = delay(this.#timeoutMs, late);
    const whenFound = (own: Promise<Family>, other: Promise<Family>) => async () => {
      const found = await own;
      if (found.addresses.length > 0) return delayed(other, RESOLUTION_DELAY_MS, late, deadline);
      return other;
    };
    const [a, aaaa] = await Promise.all([
      Promise.race([v4, whenFound(v6, v4)(), deadline.promise]),
      Promise.race([v6, whenFound(v4, v6)(), deadline.promise]),
    ]);
    deadline.cancel();
    return [a, aaaa];
  }

  async #family(host: Host, family: 4 | 6): Promise<Family> {
    try {
      const records = await (family === 4
        ? this.#dns.resolve4(host, { ttl: true })
        : this.#dns.resolve6(host, { ttl: true }));
      const ttlMs = Math.min(MAX_TTL_MS, ...records.map((record) => record.ttl * 1000));
      // An answer that has only CNAMEs comes as an empty list, not as an error.
      const code = records.length === 0 ? 'ENODATA' : undefined;
      return { addresses: records.map((record) => parseHost(record.address)), ttlMs, code };
    } catch (error) {
      return { addresses: [], ttlMs: MAX_TTL_MS, code: (error as NodeJS.ErrnoException).code ?? 'EUNKNOWN' };
    }
  }
}

/** One family's answer; `code` is the c-ares code of a failure. */
interface Family {
  readonly addresses: readonly Host[];
  readonly ttlMs: number;
  readonly code: string | undefined;
}

interface Delay<T> {
  readonly promise: Promise<T>;
  cancel(): void;
}

function delay<T>(ms: number, value: T): Delay<T> {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, ms, value);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}

async function delayed<T>(promise: Promise<T>, ms: number, fallback: T, deadline: Delay<T>): Promise<T> {
  const wait = delay(ms, fallback);
  try {
    return await Promise.race([promise, wait.promise, deadline.promise]);
  } finally {
    wait.cancel();
  }
}

/** IPv6 first, then in turns (RFC 8305 §4). */
function interleave(first: readonly Host[], second: readonly Host[]): Host[] {
  const mixed: Host[] = [];
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    const a = first[index];
    const b = second[index];
    if (a !== undefined) mixed.push(a);
    if (b !== undefined) mixed.push(b);
  }
  return mixed;
}

function failureReason(...codes: readonly (string | undefined)[]): Extract<ReasonCode, `dns-${string}`> {
  if (codes.includes('ETIMEOUT') || codes.includes('ECANCELLED')) return 'dns-timeout';
  if (codes.includes('ENOTFOUND')) return 'dns-not-found';
  if (codes.every((code) => code === 'ENODATA')) return 'dns-no-address';
  return 'dns-failed';
}
