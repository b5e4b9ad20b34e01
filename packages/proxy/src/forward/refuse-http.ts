import type http from 'node:http';
import type { EngineContext } from '../engine/context.ts';
import type { DecisionFacts } from '../report/audit.ts';
import { reasonFacts } from '../report/reasons.ts';
import { renderRefusal } from '../report/refusal.ts';
import type { NotAdmitted } from './admit.ts';
import { discardBody } from './request-body.ts';

/** Answers a request that is not forwarded, and reports it. */
export function refuseHttp(
  context: EngineContext,
  refused: NotAdmitted,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): void {
  const { record, reason, facts } = refused;
  const { audit, counters } = context;
  counters.refuse(reason);
  const status = writeRefusal(context, refused, request, response);
  if (reasonFacts(reason).group !== 'network') {
    return audit.decision(record, { ...facts, decision: 'deny', reason, reportOnly: undefined });
  }
  const { detail, rule, ...decided } = facts;
  audit.decision(record, { ...(decided as DecisionFacts), rule });
  audit.close(record, { decision: 'allow', reason, rule, detail, status, bytesUp: 0, bytesDown: 0 });
}

/** Answers a request with a refusal. @returns its status. */
export function writeRefusal(
  context: EngineContext,
  refused: Omit<NotAdmitted, 'kind'>,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): number {
  const { record, reason, facts, input } = refused;
  const { id, host, port } = record;
  const { rule, detail } = facts;
  const target = host === '' ? { input } : { host, port };
  const refusal = renderRefusal({ id, reason, rule, detail, ...target }, request.headers.accept);
  response.writeHead(refusal.status, refusal.phrase, [...refusal.headers]);
  response.end(refusal.body);
  discardBody(request, context.timeouts.headMs);
  return refusal.status;
}
