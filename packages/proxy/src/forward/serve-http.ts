import http from 'node:http';
import type { EngineContext } from '../engine/context.ts';
import { formatAuthority, type HttpTarget } from '../engine/target.ts';
import type { Open } from '../engine/tunnels.ts';
import type { CloseFacts } from '../report/audit.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { type Admitted, admit } from './admit.ts';
import { beginResponse } from './begin-response.ts';
import { requestFields, trailerFields } from './fields.ts';
import type { HttpConnection } from './http-connection.ts';
import { writeAnswer } from './metadata.ts';
import { refuseHttp, writeRefusal } from './refuse-http.ts';
import { discardBody, hasBody } from './request-body.ts';
import { ConnectFailure, type TargetOptions } from './target-agent.ts';

/** Methods that may be sent again when a kept connection turns out to be dead (RFC 9110 §9.2.2), if there is no body. */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Methods whose requests need not say that they have no body. */
const BODYLESS = new Set([...REPEATABLE, 'DELETE']);

/** Serves a plain HTTP request in absolute-form (RFC 9110 §7, RFC 9112 §3.2.2). */
export async function serveHttp(
  context: EngineContext,
  connection: HttpConnection,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  response.sendDate = false;
  const admitted = await admit(context, connection, request);
  // Its body was malformed, and it has been refused for that.
  if (response.headersSent) return undefined;
  if (context.closing) response.shouldKeepAlive = false;
  if (admitted.kind === 'refused') return refuseHttp(context, admitted, request, response);
  if (admitted.kind === 'answered') return writeAnswer(context, admitted, request, response);
  if (request.method === 'OPTIONS' && request.headers['max-forwards'] === '0') {
    context.audit.decision(admitted.record, admitted.facts);
    response.writeHead(204, ['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, CONNECT']);
    return void response.end();
  }
  new HttpExchange(context, connection, admitted, request, response).start();
}

/** Why an exchange with a target failed, from the error of Node's client. */
export function failureReason(error: NodeJS.ErrnoException): [ReasonCode, string] {
  if (error instanceof ConnectFailure) return [error.reason, error.message];
  const malformed = error.code?.startsWith('HPE_') === true;
  return [malformed ? 'target-protocol-error' : 'target-reset', error.code ?? error.message];
}

/** A target as Host names it: without the port of http. */
export function targetAuthority({ host, port }: HttpTarget): string {
  const authority = formatAuthority(host, port);
  return port === 80 ? authority.slice(0, -3) : authority;
}

/** One request on its way to the target, and its response on the way back. */
class HttpExchange implements Open {
  readonly #context: EngineContext;
  readonly #connection: HttpConnection;
  readonly #admitted: Admitted;
  readonly #request: http.IncomingMessage;
  readonly #response: http.ServerResponse;
  #outgoing: http.ClientRequest | undefined;
  #reason: CloseFacts['reason'] | undefined;
  #detail: string | undefined;
  #bytesUp = 0;
  #bytesDown = 0;

  constructor(
    context: EngineContext,
    connection: HttpConnection,
    admitted: Admitted,
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ) {
    this.#context = context;
    this.#connection = connection;
    this.#admitted = admitted;
    this.#request = request;
    this.#response = response;
  }

  get host(): HttpTarget['host'] {
    return this.#admitted.target.host;
  }

  get port(): number {
    return this.#admitted.target.port;
  }

  get address(): string {
    // Behind an upstream proxy it is that of the proxy, which no rule is about.
    if (this.#context.connector.resolvesNames) return '';
    return this.#outgoing?.socket?.remoteAddress ?? '';
  }

  get bytesMoved(): number {
    return this.#bytesUp + this.#bytesDown;
  }

  helloOverdue(): boolean {
    return false;
  }

  start(): void {
    const { record, facts, addresses } = this.#admitted;
    const { audit, counters, tunnels } = this.#context;
    counters.allowed++;
    if (facts.reportOnly === true) counters.reportedOnly++;
    audit.decision(record, { ...facts, address: addresses[0] });
    tunnels.add(this);
    this.#response.once('close', () => this.#onResponseClose());
    const { reading } = this.#connection;
    if (reading?.request === this.#request) reading.onMalformed = (...why) => this.#onMalformed(...why);
    this.#request.on('data', (chunk: Buffer) => {
      this.#bytesUp += chunk.length;
    });
    this.#send(false);
  }

  cut(reason: CloseFacts['reason']): void {
    this.#reason ??= reason;
    this.#outgoing?.destroy();
    this.#response.socket?.destroy();
  }

  #onMalformed(reason: ReasonCode, detail: string | undefined): void {
    this.#outgoing?.destroy();
    this.#response.shouldKeepAlive = false;
    this.#fail(reason, detail ?? 'its body');
  }

  #send(again: boolean): void {
    const request = this.#request;
    const { method = 'GET' } = request;
    const { target, addresses } = this.#admitted;
    const { connector, pseudonym } = this.#context;
    const authority = targetAuthority(target);
    const fields = requestFields(
      decrementMaxForwards(request),
      authority,
      `${request.httpVersion} ${pseudonym}`,
    );
    const proxy = connector.httpProxy;
    if (proxy?.authorization !== undefined) fields.push('Proxy-Authorization', proxy.authorization);
    const withBody = hasBody(request);
    if (request.headers['transfer-encoding'] !== undefined) fields.push('Transfer-Encoding', 'chunked');
    // Node would announce a chunked body for most methods.
    else if (request.headers['content-length'] === undefined && !BODYLESS.has(method))
      fields.push('Content-Length', '0');
    const options: TargetOptions = {
      agent: this.#connection.agent,
      host: target.host,
      port: target.port,
      method,
      path:
        proxy === undefined ? target.path : `http://${authority}${target.path === '*' ? '' : target.path}`,
      headers: fields,
      setHost: false,
      insecureHTTPParser: false,
      maxHeaderSize: this.#context.limits.maxHeaderBytes,
      targets: addresses,
    };
    const outgoing = http.request(options);
    this.#outgoing = outgoing;
    // Node drops the fields of a response beyond its limit silently; their size has a limit already.
    outgoing.maxHeadersCount = 0;
    outgoing.on('response', (incoming) => this.#onResponse(incoming));
    outgoing.on('information', (info) => this.#onInformation(info));
    outgoing.on('upgrade', (_incoming, socket) => {
      socket.destroy();
      this.#fail('target-protocol-error', 'it switched protocols without being asked');
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const stale =
        outgoing.reusedSocket && !again && !withBody && REPEATABLE.has(method) && !this.#response.headersSent;
      if (stale && error.code === 'ECONNRESET') this.#send(true);
      else this.#onError(error);
    });
    if (!withBody) return void outgoing.end();
    request.pipe(outgoing, { end: false });
    request.once('end', () => {
      const trailers = pairs(trailerFields(request.rawTrailers));
      if (trailers.length > 0) outgoing.addTrailers(trailers);
      outgoing.end();
    });
  }

  /** Passes an interim response on (RFC 9110 §15.2) where it is understood, and while the client reads. */
  #onInformation(info: http.InformationEvent): void {
    const response = this.#response;
    if (response.headersSent || info.statusCode === 101) return;
    if (this.#request.httpVersion !== '1.1' || response.socket?.writableNeedDrain === true) return;
    if (info.statusCode === 100) response.writeContinue();
    else response.writeInformation(info.statusCode, trailerFields(info.rawHeaders));
  }

  #onResponse(incoming: http.IncomingMessage): void {
    const response = this.#response;
    if (this.#context.closing) response.shouldKeepAlive = false;
    if (incoming.statusCode === 407 && this.#context.connector.httpProxy !== undefined) {
      // The other proxy asks us, not the client, which would answer with the credentials it has for us.
      incoming.destroy();
      return this.#fail('upstream-auth-failed', 'it answers 407');
    }
    const fault = beginResponse(response, incoming, this.#context.pseudonym);
    if (fault !== undefined) {
      incoming.destroy();
      return this.#fail('target-protocol-error', fault);
    }
    incoming.on('data', (chunk: Buffer) => {
      this.#bytesDown += chunk.length;
    });
    incoming.on('error', (error) => this.#onError(error));
    incoming.pipe(response, { end: false });
    incoming.once('end', () => {
      const trailers = pairs(trailerFields(incoming.rawTrailers));
      if (trailers.length > 0) response.addTrailers(trailers);
      this.#reason ??= 'finished';
      response.end();
      this.#stopSending();
    });
  }

  /** The target has answered before it had the whole request: the rest of it belongs to nobody. */
  #stopSending(): void {
    if (this.#request.complete) return;
    this.#outgoing?.destroy();
    discardBody(this.#request, this.#context.timeouts.headMs);
  }

  #onError(error: Error): void {
    this.#fail(...failureReason(error));
  }

  /** The target failed. A response that has begun can only be cut off: its end must not look like one. */
  #fail(reason: ReasonCode, detail: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#detail = detail;
    this.#context.counters.refuse(reason);
    if (this.#response.headersSent) return void this.#response.socket?.destroy();
    const { record, facts } = this.#admitted;
    const refused = { record, reason, facts: { rule: facts.rule, detail } };
    writeRefusal(this.#context, refused, this.#request, this.#response);
  }

  #onResponseClose(): void {
    const reason = this.#reason ?? 'client-closed';
    if (reason === 'client-closed') this.#outgoing?.destroy();
    const { record, facts } = this.#admitted;
    this.#context.tunnels.delete(this);
    this.#context.counters.bytesUp += this.#bytesUp;
    this.#context.counters.bytesDown += this.#bytesDown;
    this.#context.audit.close(record, {
      decision: reason === 'policy-changed' ? 'deny' : 'allow',
      reason,
      rule: facts.rule,
      address: this.address,
      status: this.#response.headersSent ? this.#response.statusCode : 499,
      bytesUp: this.#bytesUp,
      bytesDown: this.#bytesDown,
      detail: this.#detail,
    });
  }
}

/** The request's fields, with one forward less left (RFC 9110 §7.6.2). */
function decrementMaxForwards(request: http.IncomingMessage): readonly string[] {
  const left = String(request.headers['max-forwards']);
  if (request.method !== 'OPTIONS' || !/^\d{1,9}$/.test(left)) return request.rawHeaders;
  const count = Number(left);
  return request.rawHeaders.map((field, index, all) =>
    index % 2 === 1 && all[index - 1]?.toLowerCase() === 'max-forwards' ? String(count - 1) : field,
  );
}

function pairs(fields: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let index = 0; index < fields.length; index += 2)
    list.push([fields[index] ?? '', fields[index + 1] ?? '']);
  return list;
}
