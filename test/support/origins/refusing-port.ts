import { connect } from 'node:net';
import { within } from '../deadline.ts';
import { type ListenOptions, type Origin, tcpOrigin } from './tcp-origin.ts';

/**
 * A port that refuses connections for as long as it is held: it is the near end of an open connection, so nobody else
 * can start to listen on it, and nobody listens on it now.
 */
export async function refusingPort(options: ListenOptions = {}): Promise<Origin> {
  const { host = '127.0.0.1' } = options;
  const far = await tcpOrigin(() => {}, { host });
  const near = connect({ host, port: far.port, localAddress: host });
  await within(new Promise((resolve) => near.once('connect', resolve)), 'a port to hold');
  const port = near.localPort ?? 0;
  const close = async () => {
    near.destroy();
    await far.close();
  };
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return { host, port, authority, close, [Symbol.asyncDispose]: close };
}
