import http from 'node:http';
import type { Duplex } from 'node:stream';
import type { EngineContext } from '../engine/context.ts';
import type { RequestRecord } from '../report/audit.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { type Refusal, renderRefusal, serializeRefusal } from '../report/refusal.ts';
import { fieldValues, framingFault } from './fields.ts';
import type { HttpParty } from './http-connection.ts';
import { hasBody } from './request-body.ts';

const MAX_FIELDS = 100;

/** What becomes of requests that could be read. */
export interface HttpRooms<Party extends HttpParty> {
  /** The record of a request that is refused before anybody looked at it. */
  record(party: Party | undefined, method: string): RequestRecord;
  serve(party: Party, request: http.IncomingMessage, response: http.ServerResponse): Promise<void>;
  /** @param head What the client sent behind the handshake. */
  upgrade(party: Party, request: http.IncomingMessage, head: Buffer): Promise<void>;
  /** Absent where a CONNECT is refused. */
  readonly connect?: (party: Party, request: http.IncomingMessage, head: Buffer) => Promise<void>;
}

/**
 * An `http.Server` that does not listen: connections are handed to it. Node's parser is strict by default; what it would
 * let pass and a proxy must not, is refused here.
 */
export class HttpServer<Party extends HttpParty> {
  readonly #context: EngineContext;
  readonly #rooms: HttpRooms<Party>;
  readonly #server: http.Server;
  readonly #connections = new WeakMap<Duplex, Party>();

  constructor(context: EngineContext, rooms: HttpRooms<Party>) {
    this.#context = context;
    this.#rooms = rooms;
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

  /** Takes over the socket that a party speaks through. */
  take(party: Party, socket: Duplex): void {
    this.#connections.set(socket, party);
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
    this.#rooms.serve(connection, request, response).catch((error: unknown) => {
      this.#context.onDefect(error);
      response.destroy();
    });
  }

  #noteReading(connection: Party, request: http.IncomingMessage, response: http.ServerResponse): void {
    // Until the request is on its way, a malformed body is a malformed request.
    const onMalformed = (reason: ReasonCode, detail: string | undefined) =>
      this.#refuse(request, response, reason, detail);
    connection.reading = { request, response, onMalformed };
    request.once('close', () => {
      if (connection.reading?.request === request) connection.reading = undefined;
    });
  }

  #onConnect(request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
    const { connect } = this.#rooms;
    if (connect === undefined) {
      const party = this.#connections.get(request.socket);
      return this.#refuseSocket(socket, party, 'method-not-supported', 'CONNECT', 'CONNECT');
    }
    const connection = this.#switching(request, socket);
    if (connection === undefined) return;
    connect(connection, request, head).catch((error: unknown) => {
      this.#context.onDefect(error);
      socket.destroy();
    });
  }

  #onUpgrade(request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
    const connection = this.#switching(request, socket);
    if (connection === undefined) return;
    this.#rooms.upgrade(connection, request, head).catch((error: unknown) => {
      this.#context.onDefect(error);
      socket.destroy();
    });
  }

  /** The connection of a request that is to be its last, or undefined when the request has been refused. */
  #switching(request: http.IncomingMessage, socket: Duplex): Party | undefined {
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
    const refusal = this.#report(connection, request.method ?? '', reason, detail, request.headers.accept);
    response.writeHead(refusal.status, refusal.phrase, [...refusal.headers, 'Connection', 'close']);
    response.end(refusal.body);
  }

  #refuseSocket(
    socket: Duplex,
    connection: Party | undefined,
    reason: ReasonCode,
    detail?: string,
    method = '',
  ): void {
    socket.end(serializeRefusal(this.#report(connection, method, reason, detail)));
    this.#context.linger.add(socket);
  }

  /** Says in the log that a request is refused. @returns the answer to it. */
  #report(
    party: Party | undefined,
    method: string,
    reason: ReasonCode,
    detail: string | undefined,
    accept?: string,
  ): Refusal {
    const { audit, counters } = this.#context;
    const record = this.#rooms.record(party, method);
    const { id, host, port } = record;
    counters.refuse(reason);
    audit.decision(record, { decision: 'deny', reason, detail });
    return renderRefusal({ id, reason, detail, ...(host === '' ? {} : { host, port }) }, accept);
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
