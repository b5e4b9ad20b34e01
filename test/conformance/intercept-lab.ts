import { readFile } from 'node:fs/promises';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { expect } from 'vitest';
import { authorityPem } from '../support/certificates.ts';
import { within } from '../support/deadline.ts';
import { connectThrough } from '../support/proxy-client.ts';
import type { LogEvent } from '../support/proxy-log.ts';
import type { RawConnection, RawResponse } from '../support/raw-client.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { type Arena, type ArenaOptions, openArena, type Refusal, refusalOf } from './arena.ts';

/** The host with a credential route, at every port. */
export const HOST = 'key.lab.example';
/** Allowed like it, and without a route. */
export const UNROUTED = 'plain.lab.example';
/** What the proxy holds, and what a session has in its place. */
export const KEY = 'sk-real-0123456789/abcdefghijklmnop';
export const STUB = 'paude-proxy-managed';

const ROUTE = `- { name: key, from: { env: LAB_KEY }, inject: { type: header, name: x-api-key }, hosts: ["${HOST}:*"] }`;

export interface InterceptLabOptions extends ArenaOptions {
  /** Credential routes, as YAML. @default one that puts `KEY` into X-Api-Key */
  readonly routes?: string;
  /** Variables with secrets. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** How a client goes into a tunnel. */
export interface OpenOptions {
  /** The host of the CONNECT. @default HOST */
  readonly host?: string;
  /** @default 'http/1.1' */
  readonly protocol?: 'http/1.1' | 'h2';
  /** @default the host */
  readonly servername?: string;
}

/** A client's TLS connection that ends in the proxy. */
export interface Inside extends AsyncDisposable {
  readonly tls: TLSSocket;
  readonly connection: RawConnection;
  /** The id of the CONNECT. */
  readonly id: string;
  /** How the tunnel ended, once it has. */
  closed(): Promise<LogEvent>;
}

/** A proxy that holds a credential, and a client that trusts its authority. */
export interface InterceptLab extends AsyncDisposable {
  readonly arena: Arena;
  /** What a client must trust. */
  readonly caPem: string;
  /** A tunnel to an origin, with TLS inside. */
  open(origin: { readonly port: number }, options?: OpenOptions): Promise<Inside>;
  /** The same with an HTTP/2 client. */
  openHttp2(origin: { readonly port: number }, options?: OpenOptions): Promise<Inside & Http2Inside>;
  /** One HTTP/1.1 exchange on a connection of its own. */
  exchange(origin: { readonly port: number }, bytes: string, options?: OpenOptions): Promise<RawResponse>;
}

export interface Http2Inside {
  readonly session: ClientHttp2Session;
}

export async function openInterceptLab(options: InterceptLabOptions = {}): Promise<InterceptLab> {
  const { routes = ROUTE, secrets = { LAB_KEY: KEY }, zone = {}, ...rest } = options;
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory('intercept'));
  const credentials = await directory.write('credentials.yaml', routes);
  const upstreamCa = await directory.write('upstream.pem', await authorityPem());
  const caDirectory = directory.join('ca');
  const local = { a: ['127.0.0.1'] };
  const arena = stack.use(
    await openArena({
      words: [`.lab.example:*`],
      allowPrivate: ['127.0.0.0/8'],
      zone: { [HOST]: local, [UNROUTED]: local, ...zone },
      ...rest,
      flags: [
        ...['--credentials', credentials, '--ca-dir', caDirectory, '--upstream-ca', upstreamCa],
        ...(rest.flags ?? []),
      ],
      process: { ...rest.process, env: { ...rest.process?.env, ...secrets } },
    }),
  );
  const caPem = await readFile(directory.join('ca', 'ca.crt'), 'utf8');
  const moved = stack.move();
  const lab: InterceptLab = {
    arena,
    caPem,
    async open({ port }, { host = HOST, protocol = 'http/1.1', servername = host } = {}) {
      const opened = arena.audit.events({ event: 'decision', method: 'CONNECT' }).length;
      const { status, connection: outer } = await connectThrough(arena.proxy, `${host}:${port}`);
      expect(status).toBe(200);
      const { tls, connection } = await outer.startTls({
        ca: caPem,
        servername,
        host,
        ALPNProtocols: [protocol],
      });
      tls.on('error', () => undefined);
      const { id = '' } = await arena.audit.waitFor(
        (event) =>
          event === arena.audit.events({ event: 'decision', method: 'CONNECT' })[opened] &&
          event.decision === 'allow',
      );
      return {
        tls,
        connection,
        id: String(id),
        closed: () => arena.audit.waitFor({ event: 'close', id }),
        [Symbol.asyncDispose]: async () => void tls.destroy(),
      };
    },
    async openHttp2(origin, openOptions = {}) {
      const inside = await lab.open(origin, { ...openOptions, protocol: 'h2' });
      const socket = inside.connection.release() as TLSSocket;
      const session = connectHttp2(`https://${openOptions.host ?? HOST}:${origin.port}`, {
        createConnection: () => socket,
      });
      session.on('error', () => undefined);
      await within(new Promise((resolve) => session.once('connect', resolve)), 'an HTTP/2 session');
      return {
        ...inside,
        session,
        [Symbol.asyncDispose]: async () => {
          session.destroy();
          socket.destroy();
        },
      };
    },
    async exchange(origin, bytes, openOptions) {
      await using inside = await lab.open(origin, openOptions);
      await inside.connection.send(bytes);
      const response = await inside.connection.readResponse();
      return response;
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
  return lab;
}

/** The head of an HTTP/1.1 request that carries the stub. */
export function request(
  authority: string,
  { method = 'GET', target = '/v1/x', fields = [] as readonly string[], body = '' } = {},
): string {
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${authority}`, `X-Api-Key: ${STUB}`, ...fields];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** Sends bytes in a tunnel of their own; expects a refusal inside of its TLS. */
export async function refusedInside(
  lab: InterceptLab,
  origin: { readonly port: number },
  bytes: string,
  options?: OpenOptions,
): Promise<Refusal> {
  return refusalOf(lab.arena, await lab.exchange(origin, bytes, options));
}
