import { type Host, hostKind } from '@paude/allowlist';
import type { HostRoutes } from '@paude/credentials';
import { Cancellation, type Connected, type DialOptions } from '../dial/dial.ts';
import { ClientGreeting } from '../intercept/client-greeting.ts';
import type { ByteStream } from '../relay/byte-stream.ts';
import { Pump } from '../relay/pump.ts';
import { readAcceptedTo, toSocket } from '../relay/sockets.ts';
import type { DecisionFacts, RequestRecord } from '../report/audit.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { renderRefusal, serializeRefusal } from '../report/refusal.ts';
import { ALERT_ACCESS_DENIED, ALERT_UNRECOGNIZED_NAME } from '../tls/alert.ts';
import { HelloGate } from '../tls/hello-gate.ts';
import { ClientReader } from './client-reader.ts';
import type { ConnectHead } from './connect-head.ts';
import type { Connection } from './connection.ts';
import type { EngineContext } from './context.ts';
import { isStillAllowed, type Judgement, judge, locate } from './judge.ts';
import { parseAuthority, type Target } from './target.ts';
import { TargetReader } from './target-reader.ts';
import { Tunnel } from './tunnel.ts';

const ESTABLISHED = Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n');
/** On this port a tunnel must carry TLS. */
const TLS_PORT = 443;

/** A CONNECT as it came in. */
export interface ConnectRequest {
  /** Nobody else listens on its socket any more. */
  readonly connection: Connection;
  readonly head: ConnectHead;
  /** What the client sent behind the head. */
  readonly early: Buffer;
}

/** A target that has been dialled. */
type Reached<Sink, Stream extends ByteStream> = Extract<Connected<Sink, Stream>, { kind: 'connected' }> & {
  readonly addresses: readonly Host[];
};

/** Serves a CONNECT: decide, look up, check, dial, answer, and leave the rest to a tunnel. */
export async function serveConnect(context: EngineContext, connect: ConnectRequest): Promise<void> {
  const { connection, head } = connect;
  const { client } = connection;
  context.counters.connectRequests++;
  const authentication = context.admission.authenticate(head.proxyAuthorization);
  const target = parseAuthority(head.authority);
  const readable = 'host' in target;
  const request: RequestRecord = {
    id: context.ids.next(),
    client: client.address,
    session: (authentication.kind === 'accepted' ? authentication.name : undefined) ?? context.session,
    method: 'CONNECT',
    host: readable ? target.host : '',
    port: readable ? target.port : 0,
    startMs: performance.now(),
  };
  const exchange = new ConnectExchange(context, request, connection, head.accept);
  if (context.closing) return exchange.refuse('shutting-down');
  if (!client.takeToken(context.admission.limits, request.startMs)) return exchange.refuse('rate-limited');
  if (authentication.kind === 'refused') return exchange.refuse(authentication.reason);
  if (!readable) return exchange.refuse(target.reason, { detail: target.why }, target.text);
  const judgement = judge(context, target);
  if (!judgement.allowed) return exchange.refuse(judgement.facts.reason as ReasonCode, judgement.facts);
  if (!context.tunnels.reserve(context.limits.maxTunnels)) return exchange.refuse('too-many-tunnels');
  try {
    await exchange.open(target, judgement, connect.early);
  } finally {
    context.tunnels.unreserve();
  }
}

class ConnectExchange {
  readonly #context: EngineContext;
  readonly #request: RequestRecord;
  readonly #accept: string | undefined;
  readonly #reader = new ClientReader();
  readonly #connection: Connection;

  constructor(
    context: EngineContext,
    request: RequestRecord,
    connection: Connection,
    accept: string | undefined,
  ) {
    this.#context = context;
    this.#request = request;
    this.#connection = connection;
    this.#accept = accept;
  }

  /** Answers with a refusal, and says so in the log as a decision. */
  refuse(reason: ReasonCode, facts: Partial<DecisionFacts> = {}, input?: string): void {
    this.#context.counters.refuse(reason);
    this.#context.audit.decision(this.#request, {
      ...facts,
      decision: 'deny',
      reason,
      reportOnly: undefined,
    });
    this.#answer(reason, facts.rule, facts.detail, input);
  }

  async open(target: Target, judgement: Judgement, early: Buffer): Promise<void> {
    const context = this.#context;
    // A host that only report-only mode lets pass gets no credential.
    const routes = judgement.facts.reportOnly === true ? undefined : context.interceptor?.routesFor(target);
    if (routes !== undefined) return this.#openIntercepted(target, judgement, routes, early);
    if (early.length > 0) this.#reader.take(Buffer.from(early));
    const socket = readAcceptedTo(this.#reader, this.#connection);
    const gone = new Cancellation();
    const onGone = () => gone.cancel();
    socket.on('error', onGone);
    socket.on('close', onGone);
    // It went while it waited to be served.
    if (socket.destroyed) gone.cancel();

    const reached = await this.#reach(target, judgement, gone, (addresses, options) =>
      context.connector.tunnel(addresses, target.port, () => new TargetReader(socket), options),
    );
    socket.off('error', onGone);
    socket.off('close', onGone);
    if (reached === undefined) return;
    this.#join(reached.stream, reached.sink, reached.address, target, judgement);
  }

  /** A tunnel whose TLS ends here. */
  async #openIntercepted(
    target: Target,
    judgement: Judgement,
    routes: HostRoutes,
    early: Buffer,
  ): Promise<void> {
    const context = this.#context;
    const connection = this.#connection;
    const socket = toSocket(connection);
    const { maxClientHelloBytes: maxBytes } = context.limits;
    const greeting = new ClientGreeting(socket, early, { host: target.host, maxBytes });
    const gone = new Cancellation();
    const onGone = () => gone.cancel();
    socket.on('close', onGone);
    const reached = await this.#reach(target, judgement, gone, (addresses, options) =>
      context.connector.plain(addresses, target.port, options),
    );
    socket.off('close', onGone);
    if (reached === undefined) return greeting.ignore();
    const { stream, address, addresses } = reached;
    const { facts } = judgement;
    context.interceptor?.intercept({
      record: this.#request,
      facts,
      connection,
      socket,
      greeting,
      target,
      routes,
      stream,
      address,
      addresses,
    });
  }

  /** Looks up, checks and dials. Undefined when that came to nothing: the client has its answer then. */
  async #reach<Sink, Stream extends ByteStream>(
    target: Target,
    judgement: Judgement,
    gone: Cancellation,
    connect: (addresses: readonly Host[], options: DialOptions) => Promise<Connected<Sink, Stream>>,
  ): Promise<Reached<Sink, Stream> | undefined> {
    const context = this.#context;
    const { facts } = judgement;
    const located = await locate(context, target);
    if (located.kind === 'refused') {
      const { reason, detail, address, rule = facts.rule } = located;
      if (address === undefined) this.#allowAndFail(facts, reason, detail);
      else this.refuse(reason, { ...facts, address, detail, rule });
      return undefined;
    }
    const { addresses } = located;
    this.#allow(facts, addresses[0]);
    const connected = await connect(addresses, { timeoutMs: context.timeouts.connectMs, cancellation: gone });
    if (connected.kind === 'failed') {
      this.#fail(facts, gone.cancelled ? 'client-reset' : connected.reason, connected.detail);
      return undefined;
    }
    // Looking up and dialling take time: what a new allowlist denies meanwhile must not be opened behind its back.
    const { stream, address } = connected;
    const isRevoked = judgement.policy !== context.policy && !isStillAllowed(context.policy, target, address);
    if (isRevoked && !context.reportOnly) {
      stream.destroy();
      this.refuse('policy-changed', { address });
      return undefined;
    }
    return { ...connected, addresses };
  }

  #join(
    stream: ByteStream,
    targetReader: TargetReader,
    address: string,
    target: Target,
    judgement: Judgement,
  ): void {
    const context = this.#context;
    const client = this.#connection.stream;
    const reader = this.#reader;
    const { rule } = judgement.facts;
    const up = new Pump(stream);
    const down = targetReader.pump;
    const gate = judgement.checkTls ? this.#gate(target) : undefined;
    const tunnel = new Tunnel(
      context,
      this.#request,
      { client, target: stream, up, down, reader },
      { target, rule, address, status: 200 },
    );
    up.start(client);
    down.start(stream);
    tunnel.start();
    client.write(ESTABLISHED);
    reader.open(client, up, gate, {
      onHello: (sni) => {
        tunnel.sni = sni;
        targetReader.expectServerHello((answer) => {
          if (answer === 'hello') gate?.serverAccepted();
        });
      },
      onRefused: ({ reason, detail }) => {
        if (context.reportOnly) {
          context.audit.decision(this.#request, {
            decision: 'allow',
            reason,
            detail,
            rule,
            reportOnly: true,
          });
          return true;
        }
        tunnel.refuse(
          reason,
          detail,
          reason === 'sni-mismatch' ? ALERT_UNRECOGNIZED_NAME : ALERT_ACCESS_DENIED,
        );
        return false;
      },
    });
    tunnel.opened();
  }

  #gate(target: Target): HelloGate {
    return new HelloGate({
      host: target.host,
      isAddress: hostKind(target.host) !== 'name',
      plainAllowed: target.port !== TLS_PORT,
      maxBytes: this.#context.limits.maxClientHelloBytes,
    });
  }

  #allow(facts: DecisionFacts, address: string | undefined): void {
    this.#context.counters.allowed++;
    if (facts.reportOnly === true) this.#context.counters.reportedOnly++;
    this.#context.audit.decision(this.#request, { ...facts, address });
  }

  #allowAndFail(facts: DecisionFacts, reason: ReasonCode, detail: string): void {
    this.#allow(facts, undefined);
    this.#fail(facts, reason, detail);
  }

  /** Allowed, but it cannot be reached. */
  #fail(facts: DecisionFacts, reason: ReasonCode | 'client-reset', detail: string): void {
    const { rule } = facts;
    if (reason !== 'client-reset') this.#context.counters.refuse(reason);
    const status = reason === 'client-reset' ? 499 : this.#answer(reason, rule, detail);
    this.#context.audit.close(this.#request, {
      decision: 'allow',
      reason,
      rule,
      status,
      bytesUp: 0,
      bytesDown: 0,
      detail,
    });
  }

  /** Writes the answer and closes. Answers its status. */
  #answer(reason: ReasonCode, rule: string | undefined, detail: string | undefined, input?: string): number {
    const { id, host, port } = this.#request;
    const target = host === '' ? {} : { host, port };
    const refusal = renderRefusal({ id, reason, rule, detail, input, ...target }, this.#accept);
    const { stream } = this.#connection;
    stream.end(serializeRefusal(refusal));
    this.#context.linger.add(stream, this.#reader);
    return refusal.status;
  }
}
