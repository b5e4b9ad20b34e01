import { generateKeyPair } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { promisify } from 'node:util';
import type { Host } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import { LRUCache } from 'lru-cache';
import type { Authority } from './certificate-authority.ts';
import { permits } from './name-constraints.ts';
import type { KeyPair } from './x509.ts';

export interface LeafIssuerOptions {
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** Contexts that are kept; beyond, the one that was longest not used goes. @default 256 */
  readonly maxHosts?: number;
}

interface Leaf {
  readonly context: Promise<SecureContext>;
  readonly notBeforeMs: number;
  readonly reissueAtMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LIFETIME_MS = 7 * DAY_MS;
const REISSUE_AFTER_MS = 3 * DAY_MS;

/** Clocks of sessions may be behind. */
const SKEW_MS = HOUR_MS;

/** Issues certificates for the hosts that are intercepted, and keeps them until it is time for new ones. */
export class LeafIssuer {
  readonly #now: () => number;
  readonly #leaves: LRUCache<Host, Leaf>;
  /** One for all leaves of this process; it is never written down. */
  #keys: Promise<KeyPair> | undefined;
  #authority: Authority;

  constructor(authority: Authority, { now = Date.now, maxHosts = 256 }: LeafIssuerOptions = {}) {
    this.#authority = authority;
    this.#now = now;
    this.#leaves = new LRUCache({ max: maxHosts });
  }

  get authority(): Authority {
    return this.#authority;
  }

  /** Goes on with another authority, after a reload. What the one before has signed is forgotten. */
  adopt(authority: Authority): void {
    if (authority.certificate.fingerprint !== this.#authority.certificate.fingerprint) this.#leaves.clear();
    this.#authority = authority;
  }

  /**
   * What a TLS server needs to be `host`: TLS 1.2 or newer, with a certificate for that host alone. Calls for one host
   * at the same time share one certificate.
   *
   * @throws PaudeError `ca-host-not-permitted` or `ca-expired`.
   */
  async contextFor(host: Host): Promise<SecureContext> {
    const nowMs = this.#now();
    const known = this.#leaves.get(host);
    // A clock that was set back makes a certificate that holds only from later on.
    if (known !== undefined && nowMs >= known.notBeforeMs && nowMs < known.reissueAtMs) return known.context;
    const leaf = this.#issue(host, nowMs);
    this.#leaves.set(host, leaf);
    try {
      return await leaf.context;
    } catch (error) {
      if (this.#leaves.peek(host) === leaf) this.#leaves.delete(host);
      throw error;
    }
  }

  #issue(host: Host, nowMs: number): Leaf {
    const { certificate, signer } = this.#authority;
    if (!permits(certificate.permissions, host)) {
      throw leafError('ca-host-not-permitted', host, {
        why: 'the certificate authority is limited to other hosts',
        remedy: 'Reload the proxy, which gives it a certificate for the hosts that have credential routes',
      });
    }
    if (nowMs >= certificate.notAfterMs) {
      throw leafError('ca-expired', host, {
        why: 'the certificate of the authority has run out',
        remedy: 'Reload the proxy, which makes a new authority, and give the sessions its certificate',
      });
    }
    const notBeforeMs = nowMs - SKEW_MS;
    const notAfterMs = Math.min(nowMs + LIFETIME_MS, certificate.notAfterMs);
    const part = REISSUE_AFTER_MS / LIFETIME_MS;
    return {
      context: this.#sign(host, { notBeforeMs, notAfterMs }, signer),
      notBeforeMs,
      reissueAtMs: nowMs + (notAfterMs - nowMs) * part,
    };
  }

  async #sign(
    host: Host,
    validity: { notBeforeMs: number; notAfterMs: number },
    signer: Authority['signer'],
  ): Promise<SecureContext> {
    this.#keys ??= promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
    const { privateKey, publicKey } = await this.#keys;
    const cert = await signer.sign(host, publicKey, validity);
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    // No authorities: it asks clients for no certificate, and the system's would cost time and memory.
    return createSecureContext({ key, cert, ca: [], minVersion: 'TLSv1.2' });
  }
}

function leafError(code: string, host: Host, parts: { why: string; remedy: string }): PaudeError {
  return new PaudeError(code, { action: 'issue a certificate for', input: host, ...parts });
}
