import { connect as connectPlain } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Host } from '@paude/allowlist';
import type { ReadSink } from '../relay/pump.ts';
import { connectReadingTo } from '../relay/sockets.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { type Dialled, type DialOptions, dial } from './dial.ts';

/** A byte stream to a target, or why there is none. */
export type Connected<Sink> =
  | { readonly kind: 'connected'; readonly stream: Duplex; readonly address: string; readonly sink: Sink }
  | { readonly kind: 'failed'; readonly reason: ReasonCode; readonly detail: string };

/** A way to reach targets: straight, or through another proxy. Nothing here ever rejects. */
export interface Connector {
  /** True when names go to the other side unresolved. */
  readonly resolvesNames: boolean;
  /** Set when plain HTTP requests are handed to another HTTP proxy, in absolute-form. */
  readonly httpProxy: HttpProxy | undefined;
  /** Connects for a tunnel, to the first of `hosts` that answers; the bytes of each attempt go to a sink of its own. */
  tunnel<Sink extends ReadSink>(
    hosts: readonly Host[],
    port: number,
    sinkFor: () => Sink,
    options: DialOptions,
  ): Promise<Connected<Sink>>;
  /** Connects for an HTTP client, which reads the stream itself. */
  plain(hosts: readonly Host[], port: number, options: DialOptions): Promise<Connected<undefined>>;
}

/** Another HTTP proxy, for plain requests. */
export interface HttpProxy {
  /** `Proxy-Authorization` for it. */
  readonly authorization: string | undefined;
  connect(options: DialOptions): Promise<Connected<undefined>>;
}

/** Dials addresses itself. */
export const directConnector: Connector = {
  resolvesNames: false,
  httpProxy: undefined,

  async tunnel(addresses, port, sinkFor, options) {
    const open = (address: Host) => {
      const sink = sinkFor();
      return { sink, socket: connectReadingTo(sink, address, port) };
    };
    return asConnected(await dial(addresses, port, open, options));
  },

  async plain(addresses, port, options) {
    const open = (address: Host) => ({
      sink: undefined,
      socket: connectPlain({ host: address, port, noDelay: true, autoSelectFamily: false }),
    });
    return asConnected(await dial(addresses, port, open, options));
  },
};

function asConnected<Sink>(dialled: Dialled<Sink>): Connected<Sink> {
  if (dialled.kind === 'failed') return dialled;
  const { socket, address, sink } = dialled;
  return { kind: 'connected', stream: socket, address, sink };
}
