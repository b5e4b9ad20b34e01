import type { ClientHttp2Session, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { expect } from 'vitest';
import { within } from '../support/deadline.ts';
import type { Arena, Refusal } from './arena.ts';

/** What an HTTP/2 stream came to. */
export interface Http2Answer {
  /** 0 when there was no response. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly information: readonly IncomingHttpHeaders[];
  readonly body: string;
  /** The code of RST_STREAM; 0 for a stream that ended well. */
  readonly code: number;
}

/** One request on an HTTP/2 connection, and all that comes back. */
export function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders | readonly string[],
  body?: string | Buffer,
): Promise<Http2Answer> {
  const stream = session.request(headers as OutgoingHttpHeaders, { endStream: body === undefined });
  let answered: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  const information: IncomingHttpHeaders[] = [];
  const chunks: Buffer[] = [];
  stream.on('response', (fields) => {
    answered = fields;
  });
  stream.on('headers', (fields) => information.push(fields));
  stream.on('trailers', (fields) => {
    trailers = fields;
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', () => undefined);
  if (body !== undefined) stream.end(body);
  const closed = new Promise<Http2Answer>((resolve) => {
    stream.once('close', () =>
      resolve({
        status: Number(answered[':status'] ?? 0),
        headers: answered,
        trailers,
        information,
        body: Buffer.concat(chunks).toString(),
        code: stream.rstCode ?? 0,
      }),
    );
  });
  return within(closed, 'the end of a stream');
}

/** Checks that an answer is one of the proxy's refusals, and finds what the audit log says of it. */
export async function refusalOfHttp2(arena: Arena, { status, headers, body }: Http2Answer): Promise<Refusal> {
  const [, reason = ''] = /^Reason: ([a-z-]+)/m.exec(body) ?? [];
  const [, id] = /^Request id: (\S+)$/m.exec(body) ?? [];
  expect(id, `a refusal, not ${status}: ${body}`).toBeDefined();
  expect(headers['proxy-status']).toContain(`details="${reason}: `);
  const event = await arena.audit.waitFor(
    (candidate) => candidate.id === id && (candidate.decision === 'deny' || candidate.event === 'close'),
  );
  expect(event.reason).toBe(reason);
  return { status, reason, body, event };
}
