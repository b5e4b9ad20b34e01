import { connect as connectPlain } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Host } from '@paude/allowlist';
import type { ByteStream, ReadSink } from '../relay/byte-stream.ts';
import type { Transport } from '../relay/transport.ts';
import { type Connected, type DialOptions, dial, type OnDialled, startDial } from './dial.ts';

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
    onDialled: OnDialled<Sink, ByteStream>,
  ): void;
  /** Connects for an HTTP client, which reads the stream itself. */
  plain(hosts: readonly Host[], port: number, options: DialOptions): Promise<Connected<undefined, Duplex>>;
}

/** Another HTTP proxy, for plain requests. */
export interface HttpProxy {
  /** `Proxy-Authorization` for it. */
  readonly authorization: string | undefined;
  connect(options: DialOptions): Promise<Connected<undefined, Duplex>>;
}

/** Dials addresses itself. */
export function directConnector(transport: Transport): Connector {
  return {
    resolvesNames: false,
    httpProxy: undefined,

    tunnel(addresses, port, sinkFor, options, onDialled) {
      const open = (address: Host) => {
        const sink = sinkFor();
        return { sink, stream: transport.connect(sink, address, port) };
      };
      startDial(addresses, port, open, options, onDialled);
    },

    plain(addresses, port, options) {
      const open = (address: Host) => ({
        sink: undefined,
        stream: connectPlain({ host: address, port, noDelay: true, autoSelectFamily: false }),
      });
      return dial(addresses, port, open, options);
    },
  };
}
