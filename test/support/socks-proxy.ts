import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { type Origin, tcpOrigin } from './origins/tcp-origin.ts';

/** A SOCKS5 proxy (RFC 1928) that allows everything, to stand for a company's upstream. */
export interface SocksProxy extends Origin {
  /** `socks5://host:port` */
  readonly url: string;
  /** The targets asked for, in order, `host:port` as they were written. */
  readonly targets: readonly string[];
  /** The `name:password` that came with them (RFC 1929), empty where none did. */
  readonly authorizations: readonly string[];
}

/** Options of {@link socksProxy}. */
export interface SocksProxyOptions {
  /** The `name:password` it asks for. @default none */
  readonly password?: string;
  /** What it says to every target, RFC 1928 §6; 0 for yes. @default 0 */
  readonly reply?: number;
}

/** Starts a SOCKS5 proxy; `resolve` says where a host name really is. */
export async function socksProxy(
  resolve: (host: string, port: number) => { readonly host: string; readonly port: number },
  options: SocksProxyOptions = {},
): Promise<SocksProxy> {
  const { password, reply = 0 } = options;
  const targets: string[] = [];
  const authorizations: string[] = [];
  const serve = async (client: Socket) => {
    const read = reader(client);
    const [, methodCount = 0] = await read(2);
    const method = password === undefined ? 0 : 2;
    if (!(await read(methodCount)).includes(method)) return void client.end(Buffer.from([5, 0xff]));
    client.write(Buffer.from([5, method]));
    authorizations.push(password === undefined ? '' : await readPassword(read));
    if (password !== undefined) {
      const known = authorizations.at(-1) === password;
      client.write(Buffer.from([1, known ? 0 : 1]));
      if (!known) return void client.end();
    }
    const target = await readTarget(read);
    targets.push(`${target.host}:${target.port}`);
    client.write(Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]));
    if (reply !== 0) return void client.end();
    const far = connect({ ...resolve(target.host, target.port), allowHalfOpen: true });
    far.on('error', () => client.destroy());
    pipeline(client, far, () => {});
    pipeline(far, client, () => {});
  };
  const origin = await tcpOrigin((client) => void serve(client).catch(() => client.destroy()), {
    maxRecordedBytes: 0,
  });
  return { ...origin, url: `socks5://${origin.authority}`, targets, authorizations };
}

type Read = (count: number) => Promise<Buffer>;

/** Reads exactly so many bytes at a time; rejects when the stream ends before. */
function reader(socket: Socket): Read {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  return async (count) => {
    for (;;) {
      const bytes: Buffer | null = count === 0 ? Buffer.alloc(0) : socket.read(count);
      if (bytes?.length === count) return bytes;
      if (socket.readableEnded) throw new Error('The client went away');
      await once(socket, 'readable', { signal: gone.signal });
    }
  };
}

async function readPassword(read: Read): Promise<string> {
  const [, nameLength = 0] = await read(2);
  const name = await read(nameLength);
  const [passwordLength = 0] = await read(1);
  return `${name}:${await read(passwordLength)}`;
}

async function readTarget(read: Read): Promise<{ readonly host: string; readonly port: number }> {
  const [, , , type = 0] = await read(4);
  const host = type === 3 ? await read((await read(1))[0] ?? 0) : await read(type === 1 ? 4 : 16);
  const text = type === 3 ? host.toString('latin1') : type === 1 ? [...host].join('.') : host.toString('hex');
  return { host: text, port: (await read(2)).readUInt16BE() };
}
