import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type OriginHandler, type OriginRequest, textHandler } from './handlers.ts';
import { type ListenOptions, listening, type Origin } from './tcp-origin.ts';

/** One request as an HTTP library understood it. */
export interface HandledRequest {
  readonly method: string;
  readonly path: string;
  /** `Host`, or HTTP/2's `:authority`. */
  readonly authority: string;
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
}

/** An HTTP origin with a handler on Node's own server. */
export interface HttpOrigin extends Origin {
  /** `http://host:port` */
  readonly url: string;
  readonly requests: readonly HandledRequest[];
}

/** Starts a plain HTTP/1.1 origin. */
export async function httpOrigin(
  handler: OriginHandler = textHandler(),
  options: ListenOptions = {},
): Promise<HttpOrigin> {
  const requests: HandledRequest[] = [];
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    requests.push(describeRequest(request));
    handler(request, response);
  });
  const origin = await listening(server, options, () => server.closeAllConnections());
  return { ...origin, requests, url: `http://${origin.authority}` };
}

/** The record of a request, without reading its body. */
export function describeRequest(request: OriginRequest): HandledRequest {
  const { headers, httpVersion, method = '', url: path = '' } = request;
  const authority = headers[':authority'] ?? headers.host ?? '';
  return { method, path, authority: String(authority), httpVersion, headers };
}
