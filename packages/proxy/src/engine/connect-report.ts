import type { DecisionFacts, RequestRecord } from '../report/audit.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { renderRefusal, serializeRefusal } from '../report/refusal.ts';
import type { ClientReader } from './client-reader.ts';
import type { Connection } from './connection.ts';
import type { EngineContext } from './context.ts';

/** Whom a CONNECT is answered. */
export interface ConnectClient {
  readonly connection: Connection;
  /** What reads from it once its request may be served. */
  readonly reader: ClientReader;
  /** The form in which it wants to be refused. */
  readonly accept: string | undefined;
}

/** What becomes of a CONNECT until it is a tunnel, told to the log, the counters, and where it is bad news to the client. */
export class ConnectReport {
  readonly #context: EngineContext;
  readonly #request: RequestRecord;
  readonly #client: ConnectClient;

  constructor(context: EngineContext, request: RequestRecord, client: ConnectClient) {
    this.#context = context;
    this.#request = request;
    this.#client = client;
  }

  /** Answers with a refusal, and says so in the log as a decision. */
  refuse(reason: ReasonCode, facts: Partial<DecisionFacts> = {}, input?: string): void {
    this.#context.counters.refuse(reason);
    this.#context.audit.decision(this.#request, {
      ...facts,
      decision: 'deny',
      reason,
      reportOnly: undefined,
    });
    this.#answer(reason, facts.rule, facts.detail, input);
  }

  /** It may be dialled: a decision. */
  allow(facts: DecisionFacts, address: string | undefined): void {
    this.#context.counters.allowed++;
    if (facts.reportOnly === true) this.#context.counters.reportedOnly++;
    this.#context.audit.decision(this.#request, { ...facts, address });
  }

  /** Allowed, but it has no address. */
  allowAndFail(facts: DecisionFacts, reason: ReasonCode, detail: string): void {
    this.allow(facts, undefined);
    this.fail(facts, reason, detail);
  }

  /** Allowed, but it cannot be reached. */
  fail(facts: DecisionFacts, reason: ReasonCode | 'client-reset', detail: string): void {
    const { rule } = facts;
    if (reason !== 'client-reset') this.#context.counters.refuse(reason);
    const status = reason === 'client-reset' ? 499 : this.#answer(reason, rule, detail);
    this.#context.audit.close(this.#request, {
      decision: 'allow',
      reason,
      rule,
      status,
      bytesUp: 0,
      bytesDown: 0,
      detail,
    });
  }

  /** Writes the answer and closes. Answers its status. */
  #answer(reason: ReasonCode, rule: string | undefined, detail: string | undefined, input?: string): number {
    const { id, host, port } = this.#request;
    const target = host === '' ? {} : { host, port };
    const refusal = renderRefusal({ id, reason, rule, detail, input, ...target }, this.#client.accept);
    const { stream } = this.#client.connection;
    stream.end(serializeRefusal(refusal));
    this.#context.linger.add(stream, this.#client.reader);
    return refusal.status;
  }
}
