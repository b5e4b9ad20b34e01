import type { IncomingMessage } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { AnswerFailure, readStatus } from './answer-failure.ts';

/** A request to the API server. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the server's address, each segment encoded: `/apis/apps/v1/namespaces/a/deployments`. */
  readonly path: string;
  /** Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  readonly body?: unknown;
  /** @default 'application/json' */
  readonly contentType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The one way to the API server. Whatever goes wrong is thrown as it comes; `cluster-error.ts` translates it. */
export interface Transport {
  /** The answer's JSON. Rejects with AnswerFailure when the server refuses, and with what Node says when it cannot. */
  request(request: ApiRequest): Promise<unknown>;
  /** The answer's lines, as they come; ends with the answer. Leaving the loop ends the request. */
  lines(request: ApiRequest): AsyncGenerator<string, void>;
  close(): void;
}

export interface TransportOptions {
  readonly config: KubeConfig;
  /** URL of the API server, without a slash at its end. */
  readonly server: string;
  /** For a whole request; for a stream until its head is there. */
  readonly timeoutMs: number;
}

/** An answer that does not end must not fill the memory. */
const MOST_ANSWER_BYTES = 256 * 1_048_576;
/** A connection whose far end is gone without a word is noticed by this. */
const KEEP_ALIVE_MS = 30_000;

/** Thrown when an answer took too long; a name of its own tells it from the caller's own abort. */
export class RequestTimeout extends Error {
  override readonly name = 'RequestTimeout';
  readonly timeoutMs: number;

  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}

/** Thrown when credentials could not be had: a login program that failed, a file that cannot be read. */
export class LoginFailure extends Error {
  override readonly name = 'LoginFailure';
}

/** Connections are kept and used again: client-node's own requests open a new pool each. */
export function openTransport(options: TransportOptions): Transport {
  const { config, server, timeoutMs } = options;
  const kept = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS };
  const agent = server.startsWith('http:') ? new http.Agent(kept) : new https.Agent(kept);

  const send = async (request: ApiRequest, timeout: AbortSignal): Promise<IncomingMessage> => {
    const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
    signal.throwIfAborted();
    const login = await untilAborted(authentication(config), signal);
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const headers: http.OutgoingHttpHeaders = {
      ...login.headers,
      accept: 'application/json',
      'user-agent': 'paude',
    };
    if (body !== undefined) {
      headers['content-type'] = request.contentType ?? 'application/json';
      headers['content-length'] = body.length;
    }
    const proxied = config.getCurrentCluster()?.proxyUrl !== undefined;
    const made = (server.startsWith('http:') ? http : https).request(urlOf(server, request), {
      ...login,
      // Said outright, so that NODE_TLS_REJECT_UNAUTHORIZED changes nothing.
      rejectUnauthorized: login.rejectUnauthorized ?? true,
      agent: proxied ? login.agent : agent,
      method: request.method,
      headers,
      signal,
    });
    const answered = Promise.withResolvers<IncomingMessage>();
    made.once('response', answered.resolve);
    made.on('error', answered.reject);
    made.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
    made.end(body);
    return answered.promise;
  };

  return {
    async request(request) {
      const [timeout, stop] = startTimer(timeoutMs);
      try {
        const response = await send(request, timeout);
        const body = parse(await textOf(response));
        const { statusCode = 0 } = response;
        if (statusCode < 200 || statusCode > 299) throw new AnswerFailure(readStatus(statusCode, body));
        return body;
      } catch (error) {
        throw timeout.aborted ? timeout.reason : error;
      } finally {
        stop();
      }
    },
    async *lines(request) {
      const [timeout, stop] = startTimer(timeoutMs);
      let response: IncomingMessage;
      try {
        response = await send(request, timeout);
        const { statusCode = 0 } = response;
        if (statusCode < 200 || statusCode > 299) {
          throw new AnswerFailure(readStatus(statusCode, parse(await textOf(response))));
        }
      } catch (error) {
        throw timeout.aborted ? timeout.reason : error;
      } finally {
        stop();
      }
      try {
        yield* linesOf(response);
      } finally {
        response.destroy();
      }
    },
    close: () => agent.destroy(),
  };
}

interface Login extends https.RequestOptions {
  readonly headers: http.OutgoingHttpHeaders;
}

/** What client-node knows about this user: headers, client certificate, trusted authorities, the agent for a proxy. */
async function authentication(config: KubeConfig): Promise<Login> {
  const options: https.RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    throw new LoginFailure('the credentials of the kubeconfig cannot be had', { cause });
  }
  const headers: http.OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    // A token that was read from a file can end with the file's line end.
    headers[name] = typeof value === 'string' ? value.trim() : value;
  }
  return { ...options, headers };
}

/** A login program can take as long as it likes; the promise itself goes on unobserved. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function urlOf(server: string, { path, query = {} }: ApiRequest): URL {
  const url = new URL(`${server}${path}`);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

function startTimer(timeoutMs: number): readonly [AbortSignal, () => void] {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new RequestTimeout(timeoutMs)), timeoutMs);
  return [controller.signal, () => clearTimeout(timer)];
}

async function textOf(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MOST_ANSWER_BYTES) throw new Error(`the answer is longer than ${MOST_ANSWER_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string, void> {
  response.setEncoding('utf8');
  let pieces: string[] = [];
  let length = 0;
  for await (const piece of response as AsyncIterable<string>) {
    const parts = piece.split('\n');
    const rest = parts.pop() ?? '';
    for (const part of parts) {
      yield pieces.join('') + part;
      pieces = [];
      length = 0;
    }
    length += rest.length;
    if (length > MOST_ANSWER_BYTES) throw new Error(`a line is longer than ${MOST_ANSWER_BYTES} bytes`);
    pieces.push(rest);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not an API server's answer; the status of the answer says the rest.
    return undefined;
  }
}
