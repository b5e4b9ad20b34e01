import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AddressPolicy, Host, Policy } from '@paude/allowlist';
import type { Answer, HostRoutes, RequestHead } from '@paude/credentials';
import type { Connector } from '../dial/connector.ts';
import type { ClientGreeting } from '../intercept/client-greeting.ts';
import type { Transport } from '../relay/transport.ts';
import type { Audit, DecisionFacts, RequestRecord } from '../report/audit.ts';
import type { Counters } from '../report/counters.ts';
import type { Resolver } from '../resolve/resolver.ts';
import type { Admission } from './admission.ts';
import type { Connection } from './connection.ts';
import type { Linger } from './linger.ts';
import type { OwnAddresses } from './own-addresses.ts';
import type { RequestIds } from './request-ids.ts';
import type { Target } from './target.ts';
import type { Tunnels } from './tunnels.ts';

/** Times after which the proxy gives up. */
export interface Timeouts {
  /** From accepting a connection, or the last response on it, to the whole head of the next request. @default 15000 */
  readonly headMs: number;
  /** To look a name up. @default 5000 */
  readonly dnsMs: number;
  /** To connect to a target, all its addresses together. @default 10000 */
  readonly connectMs: number;
  /** From an open tunnel to its whole ClientHello. @default 15000 */
  readonly handshakeMs: number;
  /** A tunnel or exchange in which nothing moves either way. @default 3600000 */
  readonly idleMs: number;
  /** After SIGTERM, for open tunnels to end by themselves. @default 10000 */
  readonly drainMs: number;
}

/** Limits on the whole proxy. */
export interface Limits {
  /** Tunnels and plain requests at a time. @default 10000, or what the descriptor limit allows */
  readonly maxTunnels: number;
  /** A request's head. @default 16384 */
  readonly maxHeaderBytes: number;
  /** A tunnel's ClientHello. @default 16384 */
  readonly maxClientHelloBytes: number;
}

/** A CONNECT to a host that has a credential route: allowed, and dialled. */
export interface InterceptRequest {
  readonly record: RequestRecord;
  readonly facts: DecisionFacts;
  readonly connection: Connection;
  /** What stands for it. */
  readonly socket: Socket;
  /** Reads from the client already. */
  readonly greeting: ClientGreeting;
  readonly target: Target;
  readonly routes: HostRoutes;
  /** The connection to the target: TCP alone. */
  readonly stream: Duplex;
  readonly address: string;
  /** Checked addresses, for further connections. */
  readonly addresses: readonly Host[];
}

/** Settles when there is nothing more to wait for, whatever has become of the allowlist. */
export type Consider = (host: Host, port: number) => Promise<void>;

/** Takes over the tunnels whose TLS ends in the proxy. */
export interface TunnelInterceptor {
  /** Undefined for a target whose tunnels stay opaque. */
  routesFor(target: Target): HostRoutes | undefined;
  /** Answers the CONNECT, and all that comes through the tunnel. */
  intercept(request: InterceptRequest): void;
  /** The answer to a plain request for the metadata server. Undefined: it is for another host, or nothing stands in for it. */
  answerMetadata(head: RequestHead): Answer | undefined;
  stop(): void;
}

/** What the rooms of the engine share. Everything that a reload replaces is behind a function or a mutable field. */
export interface EngineContext {
  /** The compiled allowlist; replaced as a whole by a reload. */
  policy: Policy;
  /** Lets denials of the allowlist and of the TLS check pass, and reports them. */
  readonly reportOnly: boolean;
  readonly addressPolicy: AddressPolicy;
  readonly resolver: Resolver;
  readonly connector: Connector;
  /** How accepted connections come in. */
  readonly transport: Transport;
  readonly ownAddresses: OwnAddresses;
  readonly admission: Admission;
  readonly tunnels: Tunnels;
  readonly linger: Linger;
  readonly ids: RequestIds;
  readonly audit: Audit;
  readonly counters: Counters;
  readonly timeouts: Timeouts;
  readonly limits: Limits;
  /** The session that audit events name when the client does not say who it is. */
  readonly session: string | undefined;
  /** How this proxy names itself in Via: unlike any other, so that proxies of this kind can be chained. */
  readonly pseudonym: string;
  /** Undefined where no host has a credential route. */
  interceptor: TunnelInterceptor | undefined;
  /** Asked before a target is refused that a further rule would allow; the allowlist is asked again afterwards. */
  readonly consider: Consider | undefined;
  /** True once the proxy takes no new work. */
  closing: boolean;
  /** Told of an exception that no code expected; it ends one connection, never the process. */
  readonly onDefect: (error: unknown) => void;
}
