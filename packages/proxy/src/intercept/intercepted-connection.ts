import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Host } from '@paude/allowlist';
import type { LeafIssuer } from '../ca/leaf-issuer.ts';
import type { EngineContext, InterceptRequest } from '../engine/context.ts';
import type { Target } from '../engine/target.ts';
import type { Open } from '../engine/tunnels.ts';
import { openSecureStream } from '../http1/open-secure-stream.ts';
import type { CloseFacts, RequestRecord } from '../report/audit.ts';
import { ALERT_ACCESS_DENIED, ALERT_UNRECOGNIZED_NAME } from '../tls/alert.ts';
import type { Greeting } from './client-greeting.ts';
import { Exchange, type ExchangeStage } from './exchange.ts';
import { Http1TargetSide } from './http1-target-side.ts';
import { Http2TargetSide } from './http2-target-side.ts';
import type { InterceptedHttp1 } from './intercepted-http1.ts';
import { serveHttp2 } from './intercepted-http2.ts';
import type { InterceptedTunnel } from './intercepted-tunnel.ts';
import type { ClientSide, TargetSide } from './sides.ts';
import { TargetLink } from './target-link.ts';
import type { TargetTls } from './target-tls.ts';

export interface InterceptionParts {
  readonly leaves: LeafIssuer;
  readonly tls: TargetTls;
  readonly http1: InterceptedHttp1;
}

const ESTABLISHED = Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n');
/** The application protocols whose requests can be read. */
const HTTP_PROTOCOLS = ['h2', 'http/1.1'] as const;

/** A tunnel whose TLS ends in the proxy: from the CONNECT to the end of the client's connection. */
export class InterceptedConnection implements Open, InterceptedTunnel {
  readonly #context: EngineContext;
  readonly #request: InterceptRequest;
  readonly #parts: InterceptionParts;
  readonly #socket: Socket;
  readonly #link: TargetLink;
  readonly #bytesUpBefore: number;
  readonly #bytesDownBefore: number;
  #secure: TLSSocket | undefined;
  #target: TargetSide | undefined;
  #fault: ExchangeStage['fault'];
  #sni: string | undefined;
  #reason: CloseFacts['reason'] | undefined;
  #detail: string | undefined;
  #isDenied = false;
  #isFinal = false;
  /** Since when the client's handshake is under way. */
  #secureSinceMs: number | undefined;
  readonly #exchanges = new Set<Exchange>();
  /** Asks the protocol to end once what is under way has ended. */
  #endGently: () => void = () => undefined;

  constructor(context: EngineContext, request: InterceptRequest, parts: InterceptionParts) {
    this.#context = context;
    this.#request = request;
    this.#parts = parts;
    const { target, addresses, stream, socket } = request;
    this.#socket = socket;
    this.#link = new TargetLink(context, { tls: parts.tls, target, addresses, stream });
    this.#bytesUpBefore = this.#socket.bytesRead;
    this.#bytesDownBefore = this.#socket.bytesWritten;
  }

  get host(): Host {
    return this.#request.target.host;
  }

  get port(): number {
    return this.#request.target.port;
  }

  get address(): string {
    return this.#request.address;
  }

  get target(): Target {
    return this.#request.target;
  }

  get bytesMoved(): number {
    return this.#socket.bytesRead + this.#socket.bytesWritten;
  }

  helloOverdue(nowMs: number): boolean {
    const sinceMs = this.#request.greeting.pendingSinceMs ?? this.#secureSinceMs;
    return sinceMs !== undefined && nowMs - sinceMs > this.#context.timeouts.handshakeMs;
  }

  /** Serves the connection. Resolves when requests can come, or when it has come to nothing. */
  async run(): Promise<void> {
    const { greeting, target } = this.#request;
    this.#context.tunnels.add(this);
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#explain('client-reset', error.code));
    this.#socket.once('close', () => this.#finalize());
    if (this.#socket.destroyed) return this.#finalize();
    this.#socket.write(ESTABLISHED);
    const hello = await greeting.hello();
    this.#sni = hello.sni;
    if (hello.kind === 'refused') return this.#refuse(hello);
    const offered = HTTP_PROTOCOLS.filter((protocol) => hello.protocols.includes(protocol));
    const [started, secureContext] = await Promise.all([
      this.#link.start(offered),
      this.#parts.leaves.contextFor(target.host),
    ]);
    if (this.#socket.destroyed) return undefined;
    if ('fault' in started) this.#fault = { reason: 'target-tls-failed', detail: started.fault };
    // What the target speaks is what the client gets to speak; without a target, what every client speaks.
    const protocol = 'protocol' in started ? started.protocol : offered.at(-1);
    const secure = new TLSSocket(greeting.handBack(), {
      isServer: true,
      secureContext,
      ...(offered.length === 0 ? {} : { ALPNProtocols: [protocol ?? 'http/1.1'] }),
    });
    this.#secure = secure;
    // HTTP has no use for half of a connection.
    secure.allowHalfOpen = false;
    secure.on('error', (error: NodeJS.ErrnoException) => this.#onTlsError(error));
    // What goes wrong before the end of the handshake is told to `tls.Server` alone, by this event.
    secure.on('_tlsError', (error: NodeJS.ErrnoException) => this.#onTlsError(error));
    secure.once('close', () => this.#socket.destroy());
    this.#secureSinceMs = performance.now();
    secure.once('secure', () => {
      this.#secureSinceMs = undefined;
      // `tls.Server` does this for its own; an HTTP/2 session waits for it.
      Object.assign(secure, { secureConnecting: false });
      if (protocol === 'h2') this.#serveHttp2(secure);
      else this.#serveHttp1(secure);
    });
    return undefined;
  }

  /** The record of a request inside of this tunnel. */
  record(method: string): RequestRecord {
    const { client, session, host, port, id } = this.#request.record;
    return {
      id: this.#context.ids.next(),
      client,
      session,
      method,
      host,
      port,
      startMs: performance.now(),
      tunnel: id,
    };
  }

  /** Takes a request through the exchange. */
  exchange(side: ClientSide): Exchange {
    const { facts, address, routes, connection } = this.#request;
    const record = this.record(side.head.method);
    const exchange = new Exchange(
      {
        context: this.#context,
        record,
        facts,
        address,
        routes,
        target: this.#target as TargetSide,
        fault: this.#fault,
        isLimited: !connection.client.takeToken(this.#context.admission.limits, record.startMs),
      },
      side,
    );
    this.#exchanges.add(exchange);
    side.onClose(() => {
      this.#exchanges.delete(exchange);
      if (this.#context.closing) this.drain();
    });
    return exchange;
  }

  /** Ends it as soon as no request is under way. */
  drain(): void {
    if (this.#exchanges.size > 0) return;
    this.#explain('shutdown');
    this.#endGently();
  }

  cut(reason: CloseFacts['reason']): void {
    this.#explain(reason);
    this.#secure?.destroy();
    this.#socket.destroy();
  }

  #serveHttp1(secure: TLSSocket): void {
    const { limits, transport } = this.#context;
    const link = this.#link;
    const ready = link.takeReady();
    this.#target = new Http1TargetSide({
      first: ready === undefined ? undefined : openSecureStream(ready, transport.handles),
      connect: async () => openSecureStream(await link.connect(), transport.handles),
      authority: authorityOf(this.target),
      maxHeaderBytes: limits.maxHeaderBytes,
    });
    const connection = this.#parts.http1.take(this, secure);
    this.#endGently = () => connection.end();
  }

  #serveHttp2(secure: TLSSocket): void {
    const link = this.#link;
    this.#target = new Http2TargetSide({
      session: link.session,
      prepare: () => link.prepareSession(),
      authority: authorityOf(this.target),
    });
    const session = serveHttp2(this.#context, this, secure);
    this.#endGently = () => session.close();
  }

  #refuse({ reason, detail }: Extract<Greeting, { kind: 'refused' }>): void {
    this.#explain(reason, detail);
    this.#isDenied = true;
    this.#context.counters.refuse(reason);
    this.#socket.end(reason === 'sni-mismatch' ? ALERT_UNRECOGNIZED_NAME : ALERT_ACCESS_DENIED);
    this.#context.linger.add(this.#socket);
    this.#link.close();
  }

  /** The client's handshake failed: most often because it does not trust our authority. */
  #onTlsError(error: NodeJS.ErrnoException): void {
    const { code = '', message } = error;
    const isAlert = /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE)/.test(
      code,
    );
    if (code.startsWith('ERR_HTTP2')) {
      this.#context.counters.refuse('bad-request');
      this.#explain('bad-request', code);
    } else if (isAlert)
      this.#explain('client-tls-failed', 'the client does not trust the authority of the proxy');
    else
      this.#explain(
        code === 'ECONNRESET' || code === 'EPIPE' ? 'client-reset' : 'client-tls-failed',
        code || message.slice(0, 100),
      );
    this.#socket.destroy();
  }

  #explain(reason: CloseFacts['reason'], detail?: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#detail = detail;
  }

  /** Of a socket that was destroyed before this began it may be told twice: its `close` may be past, or still to come. */
  #finalize(): void {
    if (this.#isFinal) return;
    this.#isFinal = true;
    const { record, facts, address } = this.#request;
    const { tunnels, counters, audit } = this.#context;
    const end = this.#reason ?? 'client-closed';
    // Before the target is let go, which each would take for a fault of it.
    for (const exchange of this.#exchanges) exchange.end(end);
    this.#link.close();
    tunnels.delete(this);
    const bytesUp = this.#socket.bytesRead - this.#bytesUpBefore;
    const bytesDown = this.#socket.bytesWritten - this.#bytesDownBefore;
    counters.bytesUp += bytesUp;
    counters.bytesDown += bytesDown;
    audit.close(record, {
      decision: this.#isDenied || end === 'policy-changed' ? 'deny' : 'allow',
      reason: end,
      rule: facts.rule,
      address,
      sni: this.#sni,
      status: 200,
      bytesUp,
      bytesDown,
      detail: this.#detail,
    });
  }
}

/** A target as Host and `:authority` name it: without the port of https. */
function authorityOf({ host, port }: Target): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === 443 ? name : `${name}:${port}`;
}
