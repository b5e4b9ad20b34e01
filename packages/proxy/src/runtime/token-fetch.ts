import http from 'node:http';
import type { Duplex } from 'node:stream';
import type { Fetch } from '@paude/credentials';
import { type Connector, directConnector } from '../dial/connector.ts';
import type { Timeouts } from '../engine/context.ts';
import { parseAuthority, type Target } from '../engine/target.ts';
import type { TargetTls } from '../intercept/target-tls.ts';
import { socketTransport } from '../relay/transport.ts';
import type { ReasonCode } from '../report/reasons.ts';
import type { Resolver } from '../resolve/resolver.ts';

/** How the proxy reaches what it asks for tokens. */
export interface TokenFetchOptions {
  readonly tls: TargetTls;
  readonly resolver: Resolver;
  /** Another proxy in between, for https. @default none */
  readonly connector?: Connector | undefined;
  readonly timeouts: Pick<Timeouts, 'connectMs' | 'handshakeMs'>;
}

const MAX_HEADER_BYTES = 16_384;
/** It dials for HTTP clients alone, so what tunnels run on does not matter. */
const direct = directConnector(socketTransport);
/** What may have no body (Fetch standard, "null body status"). */
const BODYLESS = new Set([204, 205, 304]);

/**
 * A `fetch` for requests of the proxy itself to token endpoints: with the names, the upstream proxy and the authorities that
 * its targets are reached with. Plain HTTP is for this machine and for metadata servers, and goes past an upstream proxy.
 * Redirects are never followed. An attempt takes as long as the signal of its request allows.
 */
export function tokenFetch(options: TokenFetchOptions): Fetch {
  return async (url, init) => {
    const request = new Request(url, init);
    const { signal } = request;
    const body = Buffer.from(await request.arrayBuffer());
    signal.throwIfAborted();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const connecting = connect(new URL(request.url), options);
    try {
      const stream = await Promise.race([connecting, aborted]);
      return await Promise.race([send(request, body, stream), aborted]);
    } catch (error) {
      connecting.then((stream) => stream.destroy()).catch(() => undefined);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  };
}

/** A connection that failed, with a code as Node's own errors have one: all that is said of it. */
class EndpointFailure extends Error {
  readonly code: string;

  constructor(reason: ReasonCode, detail: string) {
    super(detail);
    this.code = /\b[A-Z][A-Z\d_]{2,40}\b/.exec(detail)?.[0] ?? reason.toUpperCase().replaceAll('-', '_');
  }
}

async function connect({ protocol, host }: URL, options: TokenFetchOptions): Promise<Duplex> {
  const { tls, timeouts } = options;
  const isSecure = protocol === 'https:';
  if (!isSecure && protocol !== 'http:') throw new EndpointFailure('bad-request', 'ERR_INVALID_PROTOCOL');
  const target = parseAuthority(host, isSecure ? 443 : 80);
  if (!('host' in target)) throw new EndpointFailure('bad-request', 'ERR_INVALID_URL');
  const connector = (isSecure ? options.connector : undefined) ?? direct;
  const stream = await dial(target, connector, options);
  if (!isSecure) return stream;
  const secured = await tls.secure(stream, target, { protocols: [], timeoutMs: timeouts.handshakeMs });
  if (secured.kind === 'failed') throw new EndpointFailure('target-tls-failed', secured.detail);
  return secured.socket;
}

async function dial(
  { host, port }: Target,
  connector: Connector,
  { resolver, timeouts }: TokenFetchOptions,
): Promise<Duplex> {
  const known = resolver.known(host);
  const resolution =
    known === undefined && connector.resolvesNames
      ? ({ kind: 'addresses', addresses: [host] } as const)
      : (known ?? (await resolver.resolve(host)));
  if (resolution.kind === 'failed') throw new EndpointFailure(resolution.reason, resolution.detail);
  const connected = await connector.plain(resolution.addresses, port, { timeoutMs: timeouts.connectMs });
  if (connected.kind === 'failed') throw new EndpointFailure(connected.reason, connected.detail);
  return connected.stream;
}

/** One request over a connection of its own. */
function send(request: Request, body: Buffer, stream: Duplex): Promise<Response> {
  return new Promise((resolve, reject) => {
    const { method, headers, signal } = request;
    const { host, pathname, search } = new URL(request.url);
    const fields: string[] = ['Host', host, 'Connection', 'close'];
    for (const [name, value] of headers) fields.push(name, value);
    if (body.length > 0 || method === 'POST') fields.push('Content-Length', String(body.length));
    const outgoing = http.request({
      createConnection: () => stream,
      method,
      path: pathname + search,
      headers: fields,
      setHost: false,
      insecureHTTPParser: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      signal,
    });
    // Stays on: nobody else hears what becomes of the connection once there is an answer.
    outgoing.on('error', reject);
    outgoing.once('close', () => reject(new EndpointFailure('target-protocol-error', 'no answer')));
    outgoing.once('response', (incoming) => {
      incoming.on('error', () => undefined);
      try {
        resolve(asResponse(incoming));
      } catch (error) {
        incoming.destroy();
        reject(error);
      }
    });
    outgoing.end(body);
  });
}

/** @throws RangeError for a status that Fetch does not know. */
function asResponse(incoming: http.IncomingMessage): Response {
  const { statusCode: status = 0, headersDistinct } = incoming;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct))
    for (const value of values) headers.append(name, value);
  const hasBody = !BODYLESS.has(status);
  if (!hasBody) incoming.resume();
  return new Response(hasBody ? ReadableStream.from<Uint8Array>(incoming) : null, { status, headers });
}
