import http from 'node:http';
import type { Duplex } from 'node:stream';
import { ClientReader } from '../engine/client-reader.ts';
import type { EngineContext } from '../engine/context.ts';
import { isStillAllowed } from '../engine/judge.ts';
import { Tunnel } from '../engine/tunnel.ts';
import type { Open } from '../engine/tunnels.ts';
import { Pump } from '../relay/pump.ts';
import { feed, readAcceptedTo } from '../relay/sockets.ts';
import type { CloseFacts } from '../report/audit.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { type Admitted, admit } from './admit.ts';
import { beginResponse } from './begin-response.ts';
import { requestFields, responseFields } from './fields.ts';
import type { HttpConnection } from './http-connection.ts';
import { writeAnswer } from './metadata.ts';
import { refuseHttp, writeRefusal } from './refuse-http.ts';
import { failureReason, targetAuthority } from './serve-http.ts';
import { TargetAgent, type TargetOptions } from './target-agent.ts';

/** Serves a WebSocket handshake over plain HTTP (RFC 6455 §4); what follows a 101 is a tunnel. */
export async function serveUpgrade(
  context: EngineContext,
  connection: HttpConnection,
  request: http.IncomingMessage,
  head: Buffer,
): Promise<void> {
  const { socket } = connection;
  socket.on('error', () => socket.destroy());
  const admitted = await admit(context, connection, request);
  const response = new http.ServerResponse(request);
  response.sendDate = false;
  response.shouldKeepAlive = false;
  response.once('finish', () => {
    socket.end();
    context.linger.add(socket);
  });
  if (admitted.kind !== 'admitted') {
    response.assignSocket(socket);
    if (admitted.kind === 'answered') return writeAnswer(context, admitted, request, response);
    return refuseHttp(context, admitted, request, response);
  }
  new UpgradeExchange(context, connection, admitted, request, response).start(head);
}

/** A handshake on its way to the target, until it is a tunnel or has come to nothing. */
class UpgradeExchange implements Open {
  readonly #context: EngineContext;
  readonly #connection: HttpConnection;
  readonly #admitted: Admitted;
  readonly #request: http.IncomingMessage;
  readonly #response: http.ServerResponse;
  readonly #client: Duplex;
  #outgoing: http.ClientRequest | undefined;
  #over = false;
  bytesMoved = 0;

  constructor(
    context: EngineContext,
    connection: HttpConnection,
    admitted: Admitted,
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ) {
    this.#context = context;
    this.#connection = connection;
    this.#client = connection.socket;
    this.#admitted = admitted;
    this.#request = request;
    this.#response = response;
  }

  get host(): Admitted['target']['host'] {
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

  helloOverdue(): boolean {
    return false;
  }

  /** @param head What the client sent behind its handshake. */
  start(head: Buffer): void {
    const { record, facts, addresses } = this.#admitted;
    const { audit, counters, tunnels } = this.#context;
    counters.allowed++;
    if (facts.reportOnly === true) counters.reportedOnly++;
    audit.decision(record, { ...facts, address: addresses[0] });
    tunnels.add(this);
    this.#client.once('close', () => this.cut('client-closed'));
    const outgoing = http.request(this.#options());
    this.#outgoing = outgoing;
    outgoing.on('error', (error) => this.#fail(...failureReason(error)));
    outgoing.on('response', (incoming) => this.#onResponse(incoming));
    outgoing.on('upgrade', (incoming, stream, targetHead) =>
      this.#onUpgrade(incoming, stream, head, targetHead),
    );
    outgoing.end();
    if (this.#client.destroyed) this.cut('client-closed');
  }

  cut(reason: CloseFacts['reason']): void {
    if (!this.#close(reason, 499)) return;
    this.#outgoing?.destroy();
    this.#client.destroy();
  }

  #options(): TargetOptions {
    const { target, addresses } = this.#admitted;
    const request = this.#request;
    const { pseudonym, connector } = this.#context;
    const authority = targetAuthority(target);
    const proxy = connector.httpProxy;
    const fields = requestFields(request.rawHeaders, authority, `${request.httpVersion} ${pseudonym}`);
    if (proxy?.authorization !== undefined) fields.push('Proxy-Authorization', proxy.authorization);
    // A connection of its own: after the handshake it is no HTTP connection any more.
    const agent = new TargetAgent(this.#context);
    agent.maxFreeSockets = 0;
    return {
      agent,
      host: target.host,
      port: target.port,
      method: 'GET',
      path: proxy === undefined ? target.path : `http://${authority}${target.path}`,
      headers: [...fields, 'Connection', 'Upgrade', 'Upgrade', 'websocket'],
      setHost: false,
      insecureHTTPParser: false,
      maxHeaderSize: this.#context.limits.maxHeaderBytes,
      targets: addresses,
    };
  }

  /** The target declined: its answer goes back like any other, and the connection ends. */
  #onResponse(incoming: http.IncomingMessage): void {
    const response = this.#response;
    if (incoming.statusCode === 407 && this.#context.connector.httpProxy !== undefined) {
      // The other proxy asks us, not the client, which would answer with the credentials it has for us.
      incoming.destroy();
      return this.#fail('upstream-auth-failed', 'it answers 407');
    }
    const fault = beginResponse(response, incoming, this.#context.pseudonym, ['Connection', 'close']);
    if (fault !== undefined) {
      incoming.destroy();
      return this.#fail('target-protocol-error', fault);
    }
    response.assignSocket(this.#connection.socket);
    incoming.on('data', (chunk: Buffer) => {
      this.bytesMoved += chunk.length;
    });
    incoming.on('error', () => this.cut('connection-reset'));
    incoming.pipe(response);
    response.once('finish', () => this.#close('finished', response.statusCode));
  }

  #onUpgrade(incoming: http.IncomingMessage, stream: Duplex, head: Buffer, targetHead: Buffer): void {
    const context = this.#context;
    const { record, facts, target, policy } = this.#admitted;
    const { address } = this;
    if (this.#over) return void stream.destroy();
    const fault = switchFault(incoming);
    if (fault !== undefined) {
      stream.destroy();
      return this.#fail('target-protocol-error', fault);
    }
    if (context.policy !== policy && !isStillAllowed(context.policy, target, address)) {
      if (!context.reportOnly) return this.cut('policy-changed');
    }
    this.#over = true;
    const reader = new ClientReader();
    if (head.length > 0) reader.take(Buffer.from(head));
    const client = readAcceptedTo(reader, this.#connection);
    const up = new Pump(stream);
    const down = new Pump(client);
    up.start(client);
    down.start(stream);
    const tunnel = new Tunnel(
      context,
      record,
      { client, target: stream, up, down, reader },
      { target, rule: facts.rule, address, status: 101 },
    );
    tunnel.start();
    context.tunnels.delete(this);
    client.write(switchingProtocols(incoming, context.pseudonym));
    if (targetHead.length > 0) down.write(Buffer.from(targetHead));
    feed(down, stream);
    reader.open(client, up, undefined);
    tunnel.opened();
  }

  #fail(reason: ReasonCode, detail: string): void {
    if (this.#over) return;
    const { record, facts } = this.#admitted;
    this.#context.counters.refuse(reason);
    this.#response.assignSocket(this.#connection.socket);
    const refused = { record, reason, facts: { rule: facts.rule, detail } };
    const status = writeRefusal(this.#context, refused, this.#request, this.#response);
    this.#close(reason, status, detail);
  }

  /** Says once how it ended. Answers whether it had not ended before. */
  #close(reason: CloseFacts['reason'], status: number, detail?: string): boolean {
    if (this.#over) return false;
    this.#over = true;
    const { record, facts } = this.#admitted;
    this.#context.tunnels.delete(this);
    this.#context.audit.close(record, {
      decision: reason === 'policy-changed' ? 'deny' : 'allow',
      reason,
      rule: facts.rule,
      address: this.address,
      status,
      bytesUp: 0,
      bytesDown: this.bytesMoved,
      detail,
    });
    return true;
  }
}

/** What makes a 101 none that was asked for (RFC 9110 §15.2.2). */
function switchFault({ headers, httpVersion }: http.IncomingMessage): string | undefined {
  if (httpVersion !== '1.1') return 'it switched protocols in HTTP/1.0';
  return headers.upgrade?.toLowerCase() === 'websocket' ? undefined : 'it switched to another protocol';
}

function switchingProtocols(incoming: http.IncomingMessage, pseudonym: string): string {
  const fields = responseFields(incoming.rawHeaders, `${incoming.httpVersion} ${pseudonym}`);
  let text = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
  for (let index = 0; index < fields.length; index += 2) {
    // A 101 has no body (RFC 9110 §8.6); a length could only be taken for that of the first frames.
    if (fields[index]?.toLowerCase() !== 'content-length')
      text += `${fields[index]}: ${fields[index + 1]}\r\n`;
  }
  return `${text}\r\n`;
}
