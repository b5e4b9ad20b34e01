import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseHost } from '@paude/allowlist';
import type { Answer, RequestHead } from '@paude/credentials';
import type { EngineContext } from '../engine/context.ts';
import type { HttpTarget, TargetFault } from '../engine/target.ts';
import { asFields, asRaw } from '../intercept/sides.ts';
import type { RequestRecord } from '../report/audit.ts';
import { endToEndFields } from './fields.ts';
import { discardBody } from './request-body.ts';

/** A request to the metadata server of the cloud, which the proxy answers in its place: it is never forwarded. */
export interface Answered {
  readonly kind: 'answered';
  readonly record: RequestRecord;
  readonly answer: Answer;
}

/** The name that the metadata server has for requests which were sent to the proxy as if it were that server. */
const METADATA_HOST = parseHost('metadata.google.internal');
const HTTP_PORT = 80;

/**
 * Answers a request to the metadata server, whether it came through the proxy or was sent to the proxy as if it were that
 * server (`GCE_METADATA_HOST`). Undefined when it is none, or nothing stands in for the server.
 */
export function answerMetadata(
  context: EngineContext,
  record: RequestRecord,
  request: IncomingMessage,
  target: HttpTarget | TargetFault,
): Answered | undefined {
  const { interceptor } = context;
  if (interceptor === undefined) return undefined;
  const { method = '', rawHeaders } = request;
  const place = 'host' in target ? target : asMetadataTarget(request);
  if (place === undefined) return undefined;
  const { host, port, path } = place;
  const head: RequestHead = { method, host, port, path, fields: asFields(endToEndFields(rawHeaders)) };
  const answer = interceptor.answerMetadata(head);
  return answer === undefined ? undefined : { kind: 'answered', record: { ...record, host, port }, answer };
}

/** Writes the answer, and reports it. */
export function writeAnswer(
  context: EngineContext,
  { record, answer }: Answered,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { route, kind, status, fields, body } = answer;
  context.counters.answered++;
  context.audit.decision(record, { decision: 'allow', reason: 'answered', route, detail: kind });
  response.writeHead(status, asRaw([...fields, ['Content-Length', String(Buffer.byteLength(body))]]));
  response.end(body);
  discardBody(request, context.timeouts.headMs);
}

/** Only what says that it wants a metadata server is taken for more than a request to the wrong place. */
function asMetadataTarget({ url = '', headers }: IncomingMessage): HttpTarget | undefined {
  if (headers['metadata-flavor'] !== 'Google' || !/^\/(?:computeMetadata(?:[/?]|$)|$)/.test(url))
    return undefined;
  return { host: METADATA_HOST, port: HTTP_PORT, path: url };
}
