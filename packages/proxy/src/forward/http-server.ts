import http from 'node:http';
import type { Duplex } from 'node:stream';
import { serveConnect } from '../engine/connect.ts';
import type { Connection } from '../engine/connection.ts';
import type { EngineContext } from '../engine/context.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { renderRefusal, serializeRefusal } from '../report/refusal.ts';
import { fieldValues, framingFault } from './fields.ts';
import type { HttpConnection } from './http-connection.ts';
import { hasBody } from './request-body.ts';
import { serveHttp } from './serve-http.ts';
import { serveUpgrade } from './serve-upgrade.ts';
import { TargetAgent } from './target-agent.ts';

const MAX_FIELDS = 100;

/**
 * An `http.Server` that does not listen: the listener hands connections to it. Node's parser is strict by default; what
 * it would let pass and a proxy must not, is refused here.
 */
export class HttpServer {
  readonly #context: EngineContext;
  readonly #server: http.Server;
  readonly #connections = new WeakMap<Duplex, HttpConnection>();

  constructor(context: EngineContext) {
    this.#context = context;
    const { timeouts, limits } = context;
    this.#server = http.createServer({
      insecureHTTPParser: false,
      // We check it ourselves, and say why we refuse.
      requireHostHeader: false,
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: timeouts.headMs,
      requestTimeout: 0,
      keepAliveTimeout: timeouts.headMs,
      connectionsCheckingInterval: 1000,
      noDelay: true,
      // h2c and all other protocols are answered as if no upgrade had been asked for, and HTTP/1.0 has none (RFC 9110 §7.8).
      shouldUpgradeCallback: ({ headers, httpVersion }) =>
        headers.upgrade?.toLowerCase() === 'websocket' && httpVersion === '1.1',
    });
    // Node drops the fields beyond this count silently; we count them ourselves and refuse.
    this.#server.maxHeadersCount = 0;
    this.#server.on('request', (request, response) => this.#onRequest(request, response));
    this.#server.on('checkContinue', (request, response) => this.#onRequest(request, response));
    this.#server.on('checkExpectation', (request, response) =>
      this.#refuse(request, response, 'expectation-failed'),
    );
    this.#server.on('connect', (request, socket, head) => this.#onConnect(request, socket, head));
    this.#server.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
    this.#server.on('clientError', (error, socket) => this.#onClientError(error, socket));
    // `listening` starts the clock that enforces headersTimeout.
    this.#server.emit('listening');
  }

  /** Takes a connection over, with the bytes that were read from it already. */
  take(connection: Connection, bytes: Buffer): void {
    const { socket } = connection;
    const agent = new TargetAgent(this.#context);
    this.#connections.set(socket, Object.assign(connection, { agent }));
    socket.once('close', () => agent.destroy());
    socket.pause();
    socket.unshift(bytes);
    this.#server.emit('connection', socket);
    socket.resume();
  }

  /** Ends the clock; connections end by themselves. */
  stop(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  #onRequest(request: http.IncomingMessage, response: http.ServerResponse): void {
    const connection = this.#connections.get(request.socket);
    if (connection === undefined) return void request.socket.destroy();
    if (connection.distrusted) return undefined;
    const fault = requestFault(request);
    if (fault !== undefined) return this.#refuse(request, response, fault.reason, fault.why);
    if (request.headers.upgrade !== undefined) {
      // After an upgrade that it does not get, Node keeps the parser's errors to itself until the next head is whole.
      connection.distrusted = true;
      response.shouldKeepAlive = false;
    }
    if (hasBody(request)) this.#noteReading(connection, request, response);
    serveHttp(this.#context, connection, request, response).catch((error: unknown) => {
      this.#context.onDefect(error);
      response.destroy();
    });
  }

  #noteReading(
    connection: HttpConnection,
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): void {
    // Until the request is on its way, a malformed body is a malformed request.
    const onMalformed = (reason: ReasonCode, detail: string | undefined) =>
      this.#refuse(request, response, reason, detail);
    connection.reading = { request, response, onMalformed };
    request.once('close', () => {
      if (connection.reading?.request === request) connection.reading = undefined;
    });
  }

  #onConnect(request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
    const connection = this.#switching(request, socket);
    if (connection === undefined) return;
    const connect = {
      connection,
      early: head,
      head: {
        authority: request.url ?? '',
        proxyAuthorization: request.headers['proxy-authorization'],
        accept: request.headers.accept,
        end: 0,
      },
    };
    serveConnect(this.#context, connect).catch((error: unknown) => {
      this.#context.onDefect(error);
      socket.destroy();
    });
  }

  #onUpgrade(request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
    const connection = this.#switching(request, socket);
    if (connection === undefined) return;
    serveUpgrade(this.#context, connection, request, head).catch((error: unknown) => {
      this.#context.onDefect(error);
      socket.destroy();
    });
  }

  /** The connection of a request that is to be its last, or undefined when the request has been refused. */
  #switching(request: http.IncomingMessage, socket: Duplex): HttpConnection | undefined {
    const connection = this.#connections.get(request.socket);
    if (connection?.distrusted) return undefined;
    const { method = '' } = request;
    const fault = requestFault(request) ?? switchFault(request);
    if (fault === undefined && connection !== undefined && socket === request.socket) {
      if (!isAnswering(socket)) return connection;
      // The answers of earlier requests would be written into what is a tunnel by then.
      this.#report(connection, method, 'bad-request', 'it came before earlier requests were answered');
      socket.destroy();
      return undefined;
    }
    this.#refuseSocket(socket, connection, fault?.reason ?? 'bad-request', fault?.why, method);
    return undefined;
  }

  #onClientError(error: Error, socket: Duplex): void {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ECONNRESET' || !socket.writable || socket.destroyed) return void socket.destroy();
    const connection = this.#connections.get(socket);
    const [reason, detail] = clientErrorReason(error);
    if (!isAnswering(socket)) return this.#refuseSocket(socket, connection, reason, detail);
    if (connection?.reading !== undefined) return connection.reading.onMalformed(reason, detail);
    // A response is under way: another one in between would be read as part of it.
    this.#report(connection, '', reason, detail);
    socket.destroy();
  }

  #refuse(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    reason: ReasonCode,
    detail?: string,
  ): void {
    const connection = this.#connections.get(request.socket);
    if (connection !== undefined) connection.distrusted = true;
    const id = this.#report(connection, request.method ?? '', reason, detail);
    const refusal = renderRefusal({ id, reason, detail }, request.headers.accept);
    response.writeHead(refusal.status, refusal.phrase, [...refusal.headers, 'Connection', 'close']);
    response.end(refusal.body);
  }

  #refuseSocket(
    socket: Duplex,
    connection: Connection | undefined,
    reason: ReasonCode,
    detail?: string,
    method = '',
  ): void {
    const id = this.#report(connection, method, reason, detail);
    socket.end(serializeRefusal(renderRefusal({ id, reason, detail })));
    this.#context.linger.add(socket);
  }

  #report(
    connection: Connection | undefined,
    method: string,
    reason: ReasonCode,
    detail: string | undefined,
  ): string {
    const { ids, session, audit, counters } = this.#context;
    const id = ids.next();
    const client = connection?.client.address ?? '';
    counters.refuse(reason);
    audit.decision(
      { id, client, session, method, host: '', port: 0, startMs: performance.now() },
      { decision: 'deny', reason, detail },
    );
    return id;
  }
}

/** What Node's parser accepts and a proxy must not. */
function requestFault(request: http.IncomingMessage): { reason: ReasonCode; why: string } | undefined {
  const { rawHeaders, httpVersion } = request;
  if (rawHeaders.length > MAX_FIELDS * 2)
    return { reason: 'headers-too-large', why: `more than ${MAX_FIELDS} header fields` };
  const bad = (why: string) => ({ reason: 'bad-request', why }) as const;
  if (request.httpVersionMajor !== 1) return bad('the version is not HTTP/1.1 or HTTP/1.0');
  const hosts = fieldValues(rawHeaders, 'host').length;
  if (hosts > 1) return bad('host stands twice');
  if (hosts === 0 && httpVersion === '1.1') return bad('host is missing');
  if (fieldValues(rawHeaders, 'proxy-authorization').length > 1)
    return bad('proxy-authorization stands twice');
  // Chunks that are malformed could not be told from chunks that are late: see #onRequest.
  if (request.headers.upgrade !== undefined && request.headers['transfer-encoding'] !== undefined)
    return bad('a request for another protocol is chunked');
  const fault = framingFault(rawHeaders, httpVersion);
  return fault === undefined ? undefined : bad(fault);
}

/** What Node's parser stumbled over. */
function clientErrorReason(error: NodeJS.ErrnoException): [ReasonCode, string | undefined] {
  if (error.code === 'HPE_HEADER_OVERFLOW') return ['headers-too-large', undefined];
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return ['request-timeout', undefined];
  const why = (error as { reason?: string }).reason ?? error.code;
  return [error.code === 'HPE_INVALID_URL' ? 'bad-target' : 'bad-request', why];
}

/** What makes a CONNECT, or a WebSocket handshake (RFC 6455 §4.1), none. */
function switchFault(request: http.IncomingMessage): { reason: ReasonCode; why: string } | undefined {
  const what = request.method === 'CONNECT' ? 'a CONNECT' : 'a WebSocket handshake';
  if (hasBody(request)) return { reason: 'bad-request', why: `${what} has no body` };
  if (request.method === 'CONNECT' || request.method === 'GET') return undefined;
  return { reason: 'bad-request', why: 'a WebSocket handshake is a GET' };
}

/** Whether responses to requests that came before have not been written yet. */
function isAnswering(socket: Duplex): boolean {
  return '_httpMessage' in socket && Boolean(socket._httpMessage);
}
