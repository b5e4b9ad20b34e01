import type { Duplex } from 'node:stream';
import tls, { type SecureContext, type TLSSocket } from 'node:tls';
import { hostKind } from '@paude/allowlist';
import { LRUCache } from 'lru-cache';
import { formatAuthority, type Target } from '../engine/target.ts';

/** A TLS connection to a target whose certificate was verified, or why there is none. */
export type Secured =
  | {
      readonly kind: 'secured';
      readonly socket: TLSSocket;
      /** The application protocol that both agreed on; undefined when none was. */
      readonly protocol: string | undefined;
    }
  | { readonly kind: 'failed'; readonly detail: string };

export interface SecureOptions {
  /** Application protocols to offer; with none, none are. */
  readonly protocols: readonly string[];
  readonly timeoutMs: number;
}

const MAX_SESSIONS = 1000;

/** TLS to targets. Certificates are always verified; there is no switch for that. */
export class TargetTls {
  readonly #secureContext: SecureContext;
  readonly #sessions = new LRUCache<string, Buffer>({ max: MAX_SESSIONS });

  /** @param extraCa PEM certificates that are trusted besides those that Node trusts. */
  constructor(extraCa?: string) {
    const ca = extraCa === undefined ? {} : { ca: [...tls.getCACertificates('default'), extraCa] };
    this.#secureContext = tls.createSecureContext({ minVersion: 'TLSv1.2', ...ca });
  }

  /** Starts TLS on a stream to a target. Never rejects; a stream that failed is destroyed. */
  secure(stream: Duplex, { host, port }: Target, options: SecureOptions): Promise<Secured> {
    const { protocols, timeoutMs } = options;
    const key = `${formatAuthority(host, port)} ${protocols.join()}`;
    const session = this.#sessions.get(key);
    return new Promise((resolve) => {
      const socket = tls.connect({
        socket: stream,
        // Only names go into SNI (RFC 6066 §3); the certificate is compared with `host` then.
        servername: hostKind(host) === 'name' ? host : '',
        host,
        secureContext: this.#secureContext,
        rejectUnauthorized: true,
        ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
        ...(session === undefined ? {} : { session }),
      });
      const finish = (secured: Secured) => {
        clearTimeout(deadline);
        socket.off('error', onError);
        socket.off('close', onClose);
        if (secured.kind === 'failed') {
          this.#sessions.delete(key);
          socket.on('error', () => undefined);
          socket.destroy();
        }
        resolve(secured);
      };
      const fail = (detail: string) => finish({ kind: 'failed', detail });
      const onError = (error: NodeJS.ErrnoException) => fail(describe(error));
      const onClose = () => fail('it closed the connection');
      const deadline = setTimeout(() => fail(`after ${timeoutMs} ms`), timeoutMs);
      socket.on('session', (fresh) => this.#sessions.set(key, fresh));
      socket.once('error', onError);
      socket.once('close', onClose);
      socket.once('secureConnect', () => {
        finish({ kind: 'secured', socket, protocol: socket.alpnProtocol || undefined });
      });
    });
  }
}

/** What the error of a handshake means, in one clause. */
function describe({ code = 'no code', message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'its certificate is for other names';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `its certificate comes from an authority that is not trusted (${code}); one can be trusted with --upstream-ca FILE`;
    case 'ECONNRESET':
      return 'it closed the connection';
    default:
      return code.startsWith('ERR_SSL') || code.startsWith('CERT')
        ? code
        : `${code}: ${message.slice(0, 100)}`;
  }
}
