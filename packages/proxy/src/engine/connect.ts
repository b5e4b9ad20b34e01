import type { Duplex } from 'node:stream';
import { type Host, hostKind } from '@paude/allowlist';
import type { HostRoutes } from '@paude/credentials';
import { Cancellation, type Connected, type DialOptions, type OnDialled } from '../dial/dial.ts';
import { ClientGreeting } from '../intercept/client-greeting.ts';
import type { ByteStream } from '../relay/byte-stream.ts';
import { Pump } from '../relay/pump.ts';
import { readAcceptedTo, toSocket } from '../relay/sockets.ts';
import type { DecisionFacts, RequestRecord } from '../report/audit.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { ALERT_ACCESS_DENIED, ALERT_UNRECOGNIZED_NAME } from '../tls/alert.ts';
import { HelloGate } from '../tls/hello-gate.ts';
import { ClientReader } from './client-reader.ts';
import type { ConnectHead } from './connect-head.ts';
import { ConnectReport } from './connect-report.ts';
import type { Connection } from './connection.ts';
import type { EngineContext } from './context.ts';
import { isStillAllowed, type Judgement, judge, type Located, locate } from './judge.ts';
import { reconsider } from './reconsider.ts';
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

/** How a target is reached, and who is told. */
interface Reaching<Sink, Stream extends ByteStream> {
  connect(addresses: readonly Host[], options: DialOptions, onDialled: OnDialled<Sink, Stream>): void;
  /** Undefined when it came to nothing: the client has its answer then. */
  onReached(reached: Reached<Sink, Stream> | undefined): void;
}

/**
 * Serves a CONNECT: decide, look up, check, dial, answer, and leave the rest to a tunnel. Nothing waits for a promise that
 * need not: where no name has to be looked up, the target is being dialled when this returns.
 */
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
  const reader = new ClientReader();
  const report = new ConnectReport(context, request, { connection, reader, accept: head.accept });
  if (context.closing) return report.refuse('shutting-down');
  if (!client.takeToken(context.admission.limits, request.startMs)) return report.refuse('rate-limited');
  if (authentication.kind === 'refused') return report.refuse(authentication.reason);
  if (!readable) return report.refuse(target.reason, { detail: target.why }, target.text);
  let judgement = judge(context, target);
  let { early } = connect;
  if (!judgement.allowed && context.consider !== undefined) {
    // What was read lies in a buffer that others use meanwhile.
    early = Buffer.from(early);
    judgement = await reconsider(context, target, judgement);
  }
  if (!judgement.allowed) return report.refuse(judgement.facts.reason as ReasonCode, judgement.facts);
  if (!context.tunnels.reserve(context.limits.maxTunnels)) return report.refuse('too-many-tunnels');
  try {
    new ConnectExchange(context, request, connection, reader, report).open(target, judgement, early);
  } catch (error) {
    context.tunnels.unreserve();
    throw error;
  }
}

class ConnectExchange {
  readonly #context: EngineContext;
  readonly #request: RequestRecord;
  readonly #connection: Connection;
  readonly #reader: ClientReader;
  readonly #report: ConnectReport;

  constructor(
    context: EngineContext,
    request: RequestRecord,
    connection: Connection,
    reader: ClientReader,
    report: ConnectReport,
  ) {
    this.#context = context;
    this.#request = request;
    this.#connection = connection;
    this.#reader = reader;
    this.#report = report;
  }

  /** Opens a tunnel. The place reserved for it is given back when it is open or has come to nothing, not when this throws. */
  open(target: Target, judgement: Judgement, early: Buffer): void {
    const context = this.#context;
    // A host that only report-only mode lets pass gets no credential.
    const routes = judgement.facts.reportOnly === true ? undefined : context.interceptor?.routesFor(target);
    if (routes !== undefined) return this.#openIntercepted(target, judgement, routes, early);
    if (early.length > 0) this.#reader.take(Buffer.from(early));
    const socket = readAcceptedTo(this.#reader, this.#connection);
    this.#reach<TargetReader, ByteStream>(socket, target, judgement, {
      connect: (addresses, options, onDialled) =>
        context.connector.tunnel(addresses, target.port, () => new TargetReader(socket), options, onDialled),
      onReached: (reached) => {
        if (reached !== undefined)
          this.#join(reached.stream, reached.sink, reached.address, target, judgement);
      },
    });
  }

  /** A tunnel whose TLS ends here. */
  #openIntercepted(target: Target, judgement: Judgement, routes: HostRoutes, early: Buffer): void {
    const context = this.#context;
    const connection = this.#connection;
    const socket = toSocket(connection);
    const { maxClientHelloBytes: maxBytes } = context.limits;
    const greeting = new ClientGreeting(socket, early, { host: target.host, maxBytes });
    this.#reach<undefined, Duplex>(socket, target, judgement, {
      connect: (addresses, options, onDialled) =>
        void context.connector.plain(addresses, target.port, options).then(onDialled),
      onReached: (reached) => {
        if (reached === undefined) return greeting.ignore();
        const { stream, address, addresses } = reached;
        context.interceptor?.intercept({
          record: this.#request,
          facts: judgement.facts,
          connection,
          socket,
          greeting,
          target,
          routes,
          stream,
          address,
          addresses,
        });
      },
    });
  }

  /** Looks up, checks and dials. */
  #reach<Sink, Stream extends ByteStream>(
    socket: ByteStream,
    target: Target,
    judgement: Judgement,
    { connect, onReached }: Reaching<Sink, Stream>,
  ): void {
    const context = this.#context;
    const gone = new Cancellation();
    const onGone = () => gone.cancel();
    socket.on('error', onGone);
    socket.on('close', onGone);
    // It went while it waited to be served.
    if (socket.destroyed) gone.cancel();
    const end = () => {
      socket.off('error', onGone);
      socket.off('close', onGone);
      context.tunnels.unreserve();
    };
    const onDialled = (connected: Connected<Sink, Stream>, addresses: readonly Host[]) => {
      try {
        const stream = this.#settled(connected, target, judgement, gone);
        onReached(stream === undefined ? undefined : { ...stream, addresses });
      } catch (error) {
        if (connected.kind === 'connected') connected.stream.destroy();
        this.#onDefect(error);
      }
      end();
    };
    const onLocated = (located: Located) => {
      try {
        const addresses = this.#checked(located, judgement.facts);
        const options = { timeoutMs: context.timeouts.connectMs, cancellation: gone };
        if (addresses !== undefined)
          return connect(addresses, options, (connected) => onDialled(connected, addresses));
        onReached(undefined);
      } catch (error) {
        this.#onDefect(error);
      }
      end();
    };
    const located = locate(context, target);
    if (located instanceof Promise) void located.then(onLocated);
    else onLocated(located);
  }

  /** The addresses to dial, which the log is told of. Undefined when there are none: the client has its answer then. */
  #checked(located: Located, facts: DecisionFacts): readonly Host[] | undefined {
    if (located.kind === 'addresses') {
      this.#report.allow(facts, located.addresses[0]);
      return located.addresses;
    }
    const { reason, detail, address, rule = facts.rule } = located;
    if (address === undefined) this.#report.allowAndFail(facts, reason, detail);
    else this.#report.refuse(reason, { ...facts, address, detail, rule });
    return undefined;
  }

  /** What was dialled, if it may be used. Undefined when not: the client has its answer then. */
  #settled<Sink, Stream extends ByteStream>(
    connected: Connected<Sink, Stream>,
    target: Target,
    judgement: Judgement,
    gone: Cancellation,
  ): Extract<Connected<Sink, Stream>, { kind: 'connected' }> | undefined {
    const context = this.#context;
    if (connected.kind === 'failed') {
      this.#report.fail(
        judgement.facts,
        gone.cancelled ? 'client-reset' : connected.reason,
        connected.detail,
      );
      return undefined;
    }
    // Looking up and dialling take time: what a new allowlist denies meanwhile must not be opened behind its back.
    const { stream, address } = connected;
    const isRevoked = judgement.policy !== context.policy && !isStillAllowed(context.policy, target, address);
    if (!isRevoked || context.reportOnly) return connected;
    stream.destroy();
    this.#report.refuse('policy-changed', { address });
    return undefined;
  }

  #onDefect(error: unknown): void {
    this.#context.onDefect(error);
    this.#connection.stream.destroy();
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
}
