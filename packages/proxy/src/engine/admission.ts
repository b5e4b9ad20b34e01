import { createHash, timingSafeEqual } from 'node:crypto';
import { type Cidr, cidrHas, hostAddress, tryParseHost } from '@paude/allowlist';

/** Limits on one client; a client is an IP address. */
export interface ClientLimits {
  /** Connections open at a time. @default 1024 */
  readonly maxConnections: number;
  /** New requests a second, over time. @default 1000 */
  readonly requestsPerSecond: number;
  /** New requests at once before the rate counts. @default 2000 */
  readonly requestBurst: number;
}

/** One client address: what it may do and what it does. */
export class Client {
  readonly address: string;
  /** Whether new connections of it are served. */
  allowed: boolean;
  connections = 0;
  #tokens: number;
  #refilledMs: number;

  constructor(address: string, allowed: boolean, burst: number, nowMs: number) {
    this.address = address;
    this.allowed = allowed;
    this.#tokens = burst;
    this.#refilledMs = nowMs;
  }

  /** Takes one token from the bucket; false when it is empty. */
  takeToken(limits: ClientLimits, nowMs: number): boolean {
    const refilled = this.#tokens + ((nowMs - this.#refilledMs) / 1000) * limits.requestsPerSecond;
    this.#tokens = Math.min(limits.requestBurst, refilled);
    this.#refilledMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** True when forgetting the client would change nothing. */
  idle(limits: ClientLimits, nowMs: number): boolean {
    if (this.connections > 0) return false;
    return (
      this.#tokens + ((nowMs - this.#refilledMs) / 1000) * limits.requestsPerSecond >= limits.requestBurst
    );
  }
}

export interface AdmissionOptions {
  /** Networks whose clients may connect; undefined lets all connect. */
  readonly clients?: readonly Cidr[] | undefined;
  /** Accepted proxy credentials: name → SHA-256 of the password. Undefined asks for none. */
  readonly users?: ReadonlyMap<string, Buffer> | undefined;
  readonly limits: ClientLimits;
}

export type Authentication =
  | { readonly kind: 'accepted'; readonly name: string | undefined }
  | { readonly kind: 'refused'; readonly reason: 'auth-required' | 'auth-failed' };

const ANONYMOUS: Authentication = { kind: 'accepted', name: undefined };
const NO_PASSWORD = createHash('sha256').update('').digest();

/** Decides who may use the proxy, and how much of it at a time. */
export class Admission {
  readonly #clients = new Map<string, Client>();
  #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  get limits(): ClientLimits {
    return this.#options.limits;
  }

  /** Replaces who may connect; open connections stay. */
  setClients(clients: readonly Cidr[] | undefined): void {
    this.#options = { ...this.#options, clients };
    for (const [address, client] of this.#clients) client.allowed = this.#isAllowed(address);
  }

  /** The client of a new connection. @param remoteAddress Undefined for one over a Unix socket, and for no other. */
  client(remoteAddress: string | undefined): Client {
    const address = remoteAddress ?? 'unix';
    let client = this.#clients.get(address);
    if (client === undefined) {
      const { limits } = this.#options;
      client = new Client(
        displayAddress(address),
        this.#isAllowed(address),
        limits.requestBurst,
        performance.now(),
      );
      this.#clients.set(address, client);
    }
    return client;
  }

  /** Forgets clients that are gone. */
  sweep(nowMs: number): void {
    for (const [address, client] of this.#clients) {
      if (client.idle(this.#options.limits, nowMs)) this.#clients.delete(address);
    }
  }

  /** Checks a Proxy-Authorization field (RFC 7617), in time that does not depend on where a password differs. */
  authenticate(field: string | undefined): Authentication {
    const users = this.#options.users;
    if (users === undefined) return ANONYMOUS;
    if (field === undefined) return { kind: 'refused', reason: 'auth-required' };
    const encoded = /^basic +([a-z0-9+/_-]+=*)$/i.exec(field)?.[1];
    if (encoded === undefined) return { kind: 'refused', reason: 'auth-failed' };
    const decoded = Buffer.from(encoded, 'base64').toString('utf8');
    const colon = decoded.indexOf(':');
    const name = colon === -1 ? decoded : decoded.slice(0, colon);
    const given = createHash('sha256')
      .update(colon === -1 ? '' : decoded.slice(colon + 1))
      .digest();
    const known = users.get(name);
    const equal = timingSafeEqual(given, known ?? NO_PASSWORD);
    return equal && known !== undefined
      ? { kind: 'accepted', name }
      : { kind: 'refused', reason: 'auth-failed' };
  }

  #isAllowed(address: string): boolean {
    const { clients } = this.#options;
    if (clients === undefined || address === 'unix') return true;
    const host = tryParseHost(address);
    const parsed = typeof host === 'string' ? hostAddress(host) : undefined;
    return parsed !== undefined && clients.some((network) => cidrHas(network, parsed));
  }
}

/** IPv4 clients of a dual-stack listener come as `::ffff:a.b.c.d`. */
function displayAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
