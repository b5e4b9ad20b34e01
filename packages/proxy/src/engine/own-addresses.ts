import { networkInterfaces } from 'node:os';
import { type Host, tryParseHost } from '@paude/allowlist';

const REFRESH_MS = 10_000;

/** Knows the proxy's own doors, so that no client is led back into the proxy or to its admin port. */
export class OwnAddresses {
  readonly #ports = new Set<number>();
  #local = new Set<Host>();
  #refreshedMs = Number.NEGATIVE_INFINITY;

  /** Registers a port that the proxy listens on, on whatever address. */
  add(port: number): void {
    this.#ports.add(port);
  }

  /** Whether an address and port lead to this proxy. */
  has(address: Host, port: number): boolean {
    if (!this.#ports.has(port)) return false;
    if (address.startsWith('127.') || address === '::1' || address === '0.0.0.0' || address === '::')
      return true;
    this.#refresh();
    return this.#local.has(address);
  }

  #refresh(): void {
    const nowMs = performance.now();
    if (nowMs - this.#refreshedMs < REFRESH_MS) return;
    this.#refreshedMs = nowMs;
    this.#local = new Set();
    for (const addresses of Object.values(networkInterfaces())) {
      for (const { address } of addresses ?? []) {
        const host = tryParseHost(address);
        if (typeof host === 'string') this.#local.add(host);
      }
    }
  }
}
