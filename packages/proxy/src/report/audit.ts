import { isIP } from 'node:net';
import type { ReasonCode } from './reasons.ts';

/** One request as all its audit events name it. */
export interface RequestRecord {
  /** Unique within the log; the response that refuses a request names it too. */
  readonly id: string;
  /** The client's address, or `unix`. */
  readonly client: string;
  /** Who the client says it is: the name of its proxy credentials, else the name given to the proxy. */
  readonly session: string | undefined;
  readonly method: string;
  /** Canonical host; empty when no target could be read. */
  readonly host: string;
  readonly port: number;
  /** `performance.now()` when it began. */
  readonly startMs: number;
  /** For a request inside of an intercepted tunnel: the id of the CONNECT. */
  readonly tunnel?: string | undefined;
}

/** Which credential route a request took. */
export interface RouteFacts {
  /** The route's name. */
  readonly route?: string | undefined;
  /** Where its secret comes from, by name, as in `env:OPENAI_API_KEY`. */
  readonly credential?: string | undefined;
}

/** What was decided about a request. */
export interface DecisionFacts extends RouteFacts {
  readonly decision: 'allow' | 'deny';
  readonly reason: ReasonCode | 'allowed-by-rule' | 'answered';
  /** The rule that decided, as written. */
  readonly rule?: string | undefined;
  /** The alias that the rule came from. */
  readonly alias?: string | undefined;
  /** The address that will be dialled, or that was refused. */
  readonly address?: string | undefined;
  readonly detail?: string | undefined;
  /** Present and true when the decision was a denial that report-only mode let pass. */
  readonly reportOnly?: true | undefined;
}

/** How a request ended. */
export interface CloseFacts extends RouteFacts {
  readonly reason: ReasonCode | CloseReason;
  readonly decision: 'allow' | 'deny';
  readonly rule?: string | undefined;
  readonly address?: string | undefined;
  readonly sni?: string | undefined;
  /** HTTP status that the client got; for tunnels the status of the CONNECT. */
  readonly status: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly detail?: string | undefined;
}

/** Ends that are no refusal. */
export const CLOSE_REASONS = [
  'client-closed',
  'target-closed',
  'client-reset',
  'connection-reset',
  'client-tls-failed',
  'idle-timeout',
  'finished',
  'answered',
  'shutdown',
] as const;

export type CloseReason = (typeof CLOSE_REASONS)[number];

/** An event as it stands in the log; `docs/audit-log.md` is its schema. */
export interface AuditEvent extends Omit<RequestRecord, 'startMs'>, Partial<Omit<CloseFacts, 'reason'>> {
  readonly event: 'decision' | 'close';
  readonly reason?: CloseFacts['reason'] | DecisionFacts['reason'];
  readonly alias?: string | undefined;
  readonly reportOnly?: true | undefined;
  readonly durationMs?: number;
}

/** Where events are written to: a pino logger has this shape. */
export interface AuditLog {
  info(event: object): void;
  warn(event: object): void;
}

/** Writes audit events and hands them to whoever listens (live stream, list of blocked hosts, a second log). */
export class Audit {
  readonly #log: AuditLog;
  readonly #listeners = new Set<(event: AuditEvent) => void>();

  constructor(log: AuditLog) {
    this.#log = log;
  }

  /** @returns a function that ends the subscription. */
  subscribe(listener: (event: AuditEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  decision(request: RequestRecord, facts: DecisionFacts): void {
    const { id, client, session, method, host, port, tunnel } = request;
    const { decision, reason, rule, alias, address, detail, reportOnly, route, credential } = facts;
    this.#write({
      event: 'decision',
      id,
      client,
      session,
      method,
      host,
      port,
      tunnel,
      decision,
      reason,
      rule,
      alias,
      route,
      credential,
      address: knownAddress(address),
      detail,
      reportOnly,
    });
  }

  close(request: RequestRecord, facts: CloseFacts): void {
    const { id, client, session, method, host, port, tunnel, startMs } = request;
    const { decision, reason, rule, route, credential, address, sni, status, bytesUp, bytesDown, detail } =
      facts;
    const durationMs = Math.round((performance.now() - startMs) * 10) / 10;
    this.#write({
      event: 'close',
      id,
      client,
      session,
      method,
      host,
      port,
      tunnel,
      decision,
      reason,
      rule,
      route,
      credential,
      address: knownAddress(address),
      sni,
      status,
      bytesUp,
      bytesDown,
      durationMs,
      detail,
    });
  }

  #write(event: Record<string, unknown> & Pick<AuditEvent, 'event' | 'decision'>): void {
    if (event.decision === 'deny') this.#log.warn(event);
    else this.#log.info(event);
    for (const listener of this.#listeners) listener(event as unknown as AuditEvent);
  }
}

/** Behind an upstream proxy there is no address, or a name where one would stand. */
function knownAddress(address: string | undefined): string | undefined {
  return address !== undefined && isIP(address) !== 0 ? address : undefined;
}
