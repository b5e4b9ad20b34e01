import type { IncomingMessage } from 'node:http';
import type { Host, Policy } from '@paude/allowlist';
import type { EngineContext } from '../engine/context.ts';
import { isStillAllowed, judge, locate } from '../engine/judge.ts';
import { reconsider } from '../engine/reconsider.ts';
import { type HttpTarget, parseHttpTarget } from '../engine/target.ts';
import type { DecisionFacts, RequestRecord } from '../report/audit.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { hasPassed } from './fields.ts';
import type { HttpConnection } from './http-connection.ts';
import { type Answered, answerMetadata } from './metadata.ts';

/** A request that may go on. */
export interface Admitted {
  readonly kind: 'admitted';
  readonly record: RequestRecord;
  readonly target: HttpTarget;
  readonly facts: DecisionFacts;
  /** Checked addresses. */
  readonly addresses: readonly Host[];
  /** The allowlist that admitted it. */
  readonly policy: Policy;
}

/** A request that goes no further. */
export interface NotAdmitted {
  readonly kind: 'refused';
  readonly record: RequestRecord;
  readonly reason: ReasonCode;
  readonly facts: Partial<DecisionFacts>;
  /** The target as it came, without its query, when it could not be read. */
  readonly input?: string;
}

const TLS_PORT = 443;

/** Takes a plain request through the same rooms as a CONNECT: who asks, for what, is it allowed, where is it. */
export async function admit(
  context: EngineContext,
  connection: HttpConnection,
  request: IncomingMessage,
): Promise<Admitted | Answered | NotAdmitted> {
  context.counters.httpRequests++;
  const method = request.method ?? '';
  const authentication = context.admission.authenticate(request.headers['proxy-authorization']);
  const target = parseHttpTarget(request.url ?? '', method);
  const readable = 'host' in target;
  const record: RequestRecord = {
    id: context.ids.next(),
    client: connection.client.address,
    session: (authentication.kind === 'accepted' ? authentication.name : undefined) ?? context.session,
    method,
    host: readable ? target.host : '',
    port: readable ? target.port : 0,
    startMs: performance.now(),
  };
  const refuse = (reason: ReasonCode, facts: Partial<DecisionFacts> = {}): NotAdmitted => ({
    kind: 'refused',
    record,
    reason,
    facts,
  });
  if (context.closing) return refuse('shutting-down');
  if (!connection.client.takeToken(context.admission.limits, record.startMs)) return refuse('rate-limited');
  if (authentication.kind === 'refused') return refuse(authentication.reason);
  const answered = answerMetadata(context, record, request, target);
  if (answered !== undefined) return answered;
  if (!readable)
    return { ...refuse(target.reason, { detail: target.why }), input: withoutQuery(target.text) };
  if (method === 'TRACE') return refuse('method-not-supported', { detail: method });
  if (hasPassed(request.rawHeaders, context.pseudonym)) return refuse('proxy-loop');
  let judgement = judge(context, target);
  if (!judgement.allowed) judgement = await reconsider(context, target, judgement);
  if (!judgement.allowed) return refuse(judgement.facts.reason as ReasonCode, judgement.facts);
  const isPlainOnTlsPort = target.port === TLS_PORT && judgement.checkTls;
  if (isPlainOnTlsPort && !context.reportOnly) return refuse('not-tls', { rule: judgement.facts.rule });
  const facts: DecisionFacts = isPlainOnTlsPort
    ? { ...judgement.facts, reason: 'not-tls', reportOnly: true }
    : judgement.facts;
  if (!context.tunnels.reserve(context.limits.maxTunnels)) return refuse('too-many-tunnels');
  try {
    const located = await locate(context, target);
    const { policy } = context;
    // Looking up takes time: a new allowlist may have come meanwhile.
    const isRevoked = policy !== judgement.policy && !isStillAllowed(policy, target, '');
    if (isRevoked && !context.reportOnly) return refuse('policy-changed');
    if (located.kind === 'addresses') {
      return { kind: 'admitted', record, target, facts, addresses: located.addresses, policy };
    }
    const { reason, detail, address, rule = facts.rule } = located;
    return refuse(reason, { ...facts, detail, address, rule });
  } finally {
    context.tunnels.unreserve();
  }
}

/** A URL as it may be shown: the query can hold anything. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}
