import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { pipeline, type Readable, type Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../digest.ts';
import { knownBytes } from '../known-bytes.ts';

/** What HTTP/1.1 and HTTP/2 requests have in common. */
export type OriginRequest = Readable & {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
};

/** What HTTP/1.1 and HTTP/2 responses have in common. */
export type OriginResponse = Writable & {
  writeHead(status: number, fields?: OutgoingHttpHeaders): unknown;
};

/** Answers one request, whichever HTTP it came over. */
export type OriginHandler = (request: OriginRequest, response: OriginResponse) => void;

/** Reads the request to its end and answers with a short text. */
export function textHandler(text = 'ok\n', status = 200, fields: OutgoingHttpHeaders = {}): OriginHandler {
  return (request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(status, { 'content-type': 'text/plain', ...fields });
      response.end(text);
    });
  };
}

/**
 * Moves bulk both ways: `GET /bytes/N` streams N known bytes (seed 1); any request with a body is hashed as it comes
 * and answered with `{"bytes":…,"sha256":"…"}`.
 */
export const bulkHandler: OriginHandler = (request, response) => {
  const wanted = /^\/bytes\/(\d+)$/.exec(request.url ?? '')?.[1];
  if (wanted !== undefined) {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': wanted });
    pipeline(knownBytes(Number(wanted)).stream(), response, () => {});
    return;
  }
  const answer = async () => {
    const digest = await digestOf(request);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(digest));
  };
  answer().catch(() => response.destroy());
};

/** Streams server-sent events `data: 0`, `data: 1`, … one an interval, and closes after `count`. */
export function eventStreamHandler(count = 3, intervalMs = 20): OriginHandler {
  return (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const speak = async () => {
      for (let number = 0; number < count && response.writable; number++) {
        response.write(`data: ${number}\n\n`);
        await sleep(intervalMs);
      }
      response.end();
    };
    void speak();
  };
}

/** Answers with a redirect, to show whether anybody in between follows it. */
export function redirectHandler(location: string, status = 302): OriginHandler {
  return textHandler('', status, { location });
}
