import type { Answer, Route } from '@paude/credentials';
import type { EngineContext } from '../engine/context.ts';
import type { CloseFacts, DecisionFacts, RequestRecord } from '../report/audit.ts';
import { type ReasonCode, reasonFacts } from '../report/reasons.ts';

/** Where an exchange takes place, for whoever reports of it. */
export interface ReportStage {
  readonly context: EngineContext;
  readonly record: RequestRecord;
  /** What allowed the tunnel that it is in. */
  readonly facts: DecisionFacts;
  readonly address: string;
}

/** What an exchange has come to so far, and what the log and the counters are told of it: a decision, and an end. */
export class ExchangeReport {
  /** The credential route that it takes. */
  route: Route | undefined;
  status = 499;
  bytesUp = 0;
  bytesDown = 0;
  /** What the response says that its body has (RFC 9110 §8.6). */
  contentLength: number | undefined;
  readonly #stage: ReportStage;
  #reason: CloseFacts['reason'] | undefined;
  #detail: string | undefined;
  #allowed = false;
  #closed = false;

  constructor(stage: ReportStage) {
    this.#stage = stage;
  }

  /** Whether it is settled how it ends, though its client may not be served yet. */
  get isSettled(): boolean {
    return this.#reason !== undefined;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  allow(): void {
    const { context, record, facts, address } = this.#stage;
    this.#allowed = true;
    context.audit.decision(record, { ...facts, ...this.#routeFacts(), address });
  }

  /** Counts a credential that goes on a request. */
  inject(): void {
    const { injections } = this.#stage.context.counters;
    const { name } = this.route ?? {};
    if (name !== undefined) injections.set(name, (injections.get(name) ?? 0) + 1);
  }

  refuse(reason: ReasonCode, detail: string | undefined): void {
    const { context, record, facts } = this.#stage;
    this.#reason = reason;
    this.#detail = detail;
    context.counters.refuse(reason);
    if (this.#allowed) return undefined;
    if (reasonFacts(reason).group === 'network') return this.allow();
    const { rule } = facts;
    return context.audit.decision(record, { ...this.#routeFacts(), decision: 'deny', reason, rule, detail });
  }

  /** The proxy answers in the place of the service. */
  answer({ kind, route, reason, detail }: Answer): void {
    const { context, record, facts } = this.#stage;
    this.#reason = reason ?? 'answered';
    this.#detail = detail ?? kind;
    const isRefused = kind === 'refused' && reason !== undefined;
    if (isRefused) context.counters.refuse(reason);
    else context.counters.answered++;
    const decided = isRefused ? ({ decision: 'deny', reason } as const) : facts;
    context.audit.decision(record, { ...decided, rule: facts.rule, route, detail: this.#detail });
    this.#allowed = !isRefused;
  }

  finish(): void {
    this.#reason ??= 'finished';
  }

  /** Says how it ended, once: its client is served, or gone. @param reason If nothing else has ended it before. */
  close(reason: CloseFacts['reason']): void {
    if (this.#closed) return;
    this.#closed = true;
    const { context, record, facts, address } = this.#stage;
    if (!this.#allowed) {
      // A refusal at the decision is all there is to say.
      if (this.#reason !== undefined) return;
      this.allow();
    }
    // A client that has got all that it was promised need not wait for the end of a stream of HTTP/2.
    const isServed = reason === 'client-closed' && this.bytesDown === this.contentLength;
    this.#reason ??= isServed ? 'finished' : reason;
    context.audit.close(record, {
      ...this.#routeFacts(),
      decision: this.#reason === 'policy-changed' ? 'deny' : 'allow',
      reason: this.#reason,
      rule: facts.rule,
      address,
      status: this.status,
      bytesUp: this.bytesUp,
      bytesDown: this.bytesDown,
      detail: this.#detail,
    });
  }

  #routeFacts(): Pick<DecisionFacts, 'route' | 'credential'> {
    return { route: this.route?.name, credential: this.route?.credential };
  }
}
