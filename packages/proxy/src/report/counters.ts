import type { ReasonCode } from './reasons.ts';

/**
 * What the proxy counts while it works: plain numbers, so that counting costs nothing. The admin server turns them into
 * Prometheus metrics when somebody asks.
 */
export class Counters {
  connections = 0;
  connectRequests = 0;
  httpRequests = 0;
  allowed = 0;
  reportedOnly = 0;
  bytesUp = 0;
  bytesDown = 0;
  policyReloads = 0;
  policyReloadFailures = 0;
  tunnelsCut = 0;
  internalErrors = 0;
  auditWriteErrors = 0;
  /** Requests that the proxy answered in place of the service: vended stub tokens, the metadata stand-in. */
  answered = 0;
  /** Access tokens that came from a token endpoint. */
  credentialRefreshes = 0;
  credentialRefreshFailures = 0;
  /** Credentials put on requests, by route. */
  readonly injections = new Map<string, number>();
  /** Refusals and failures by reason. */
  readonly refused = new Map<ReasonCode, number>();

  refuse(reason: ReasonCode): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }
}
