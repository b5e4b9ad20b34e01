import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import tls from 'node:tls';
import type { Host } from '@paude/allowlist';
import { Server as ProxyChain } from 'proxy-chain';
import { formatAuthority } from '../engine/target.ts';
import { feed } from '../relay/sockets.ts';
import type { ReasonCode } from '../report/reasons.ts';
import type { Connector, HttpProxy } from './connector.ts';
import type { Connected, DialOptions } from './dial.ts';

/** A proxy between us and the targets, such as a company's. */
export interface UpstreamProxy {
  /** `http:`, `https:` or `socks5:`, with user and password where it wants them. */
  readonly url: URL;
}

/** Bytes of the upstream proxy's answer that we read at most. */
const MAX_ANSWER_BYTES = 16 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');
/** An option that agents pass on to `net.connect` and their types leave out: a FIN ends one direction alone. */
const HALF_OPEN: http.AgentOptions & { readonly allowHalfOpen: true } = { allowHalfOpen: true };

/**
 * Reaches targets through another proxy. proxy-chain speaks with it (CONNECT over HTTP or HTTPS, or SOCKS5); it serves no
 * port: each tunnel is handed to it as one half of a pair of streams inside this process.
 */
export function upstreamConnector(upstream: UpstreamProxy): Connector & { close(): void } {
  const httpAgent = new http.Agent(HALF_OPEN);
  // Left to itself, Node would take the name in the upstream proxy's certificate from Host, which names the target.
  const httpsAgent = new https.Agent({ ...HALF_OPEN, servername: serverName(upstream.url) });
  const chain = new ProxyChain({
    port: 0,
    prepareRequestFunction: ({ request }) => ({
      upstreamProxyUrl: upstream.url.href,
      httpAgent,
      httpsAgent,
      customTag: request.socket,
    }),
  });
  // It leaves a half of its connection open for as long as the other side likes.
  chain.on('tunnelConnectResponded', ({ customTag, socket }: { customTag: Duplex; socket: net.Socket }) => {
    if (customTag.destroyed) socket.destroy();
    else customTag.once('close', () => socket.destroySoon());
  });
  const isSocks = upstream.url.protocol.startsWith('socks');

  const open = (host: Host, port: number, options: DialOptions): Promise<Connected<undefined, Duplex>> => {
    const [ours, theirs] = duplexPair();
    closeTogether(ours, theirs);
    // proxy-chain looks for these two on what it takes to be a socket.
    Object.defineProperties(theirs, {
      remoteAddress: { value: '127.0.0.1' },
      readyState: { get: () => (theirs.destroyed ? 'closed' : 'open') },
    });
    chain.server.emit('connection', theirs);
    return handshake(ours, formatAuthority(host, port), options);
  };

  return {
    resolvesNames: true,
    httpProxy: isSocks ? undefined : httpProxy(upstream.url),

    tunnel(hosts, port, sinkFor, options, onDialled) {
      void open(hosts[0] as Host, port, options).then((connected) => {
        if (connected.kind === 'failed') return onDialled(connected);
        const sink = sinkFor();
        feed(sink, connected.stream);
        onDialled({ ...connected, sink });
      });
    },

    plain: (hosts, port, options) => open(hosts[0] as Host, port, options),

    close: () => void chain.server.close(),
  };
}

/** The halves of a pair know of each other's ends, not of each other's failures. */
function closeTogether(ours: Duplex, theirs: Duplex): void {
  ours.once('close', () => theirs.destroy());
  theirs.once('close', () => {
    if (theirs.writableFinished || ours.destroyed) return;
    ours.destroy(Object.assign(new Error('the upstream proxy reset the connection'), { code: 'ECONNRESET' }));
  });
}

/** Asks for a tunnel over `stream` and reads the answer; what follows it stays in the stream. */
function handshake(
  stream: Duplex,
  authority: string,
  options: DialOptions,
): Promise<Connected<undefined, Duplex>> {
  return new Promise((resolve) => {
    let answer: Buffer = Buffer.alloc(0);
    const finish = (connected: Connected<undefined, Duplex>) => {
      clearTimeout(deadline);
      options.cancellation?.listen(undefined);
      stream.off('readable', onReadable);
      stream.off('end', onEnd);
      stream.off('error', onEnd);
      if (connected.kind === 'failed') {
        stream.on('error', () => undefined);
        stream.destroy();
      }
      resolve(connected);
    };
    const fail = (reason: ReasonCode, detail: string) => finish({ kind: 'failed', reason, detail });
    const onEnd = () => fail('upstream-failed', 'it closed the connection');
    const onAbort = () => fail('connect-failed', 'the client went away');
    const onReadable = () => {
      for (let chunk = stream.read(); chunk !== null; chunk = stream.read())
        answer = Buffer.concat([answer, chunk]);
      const end = answer.indexOf(HEAD_END);
      if (end === -1)
        return answer.length > MAX_ANSWER_BYTES
          ? fail('upstream-failed', 'its answer is too long')
          : undefined;
      const [, status = '', phrase = ''] =
        /^HTTP\/1\.1 (\d{3}) ?(.*)/.exec(answer.toString('latin1', 0, end)) ?? [];
      if (status !== '200')
        return fail(statusReason(status), phrase.replace(/[^\x20-\x7e]/g, '').slice(0, 100) || 'no answer');
      const rest = answer.subarray(end + HEAD_END.length);
      // Without this listener the stream neither flows nor is paused: whoever reads it next starts it.
      finish({ kind: 'connected', stream, address: '', sink: undefined });
      if (rest.length > 0) stream.unshift(rest);
      return undefined;
    };
    const deadline = setTimeout(
      () => fail('connect-timeout', `after ${options.timeoutMs} ms`),
      options.timeoutMs,
    );
    options.cancellation?.listen(onAbort);
    stream.on('readable', onReadable);
    stream.once('end', onEnd);
    stream.once('error', onEnd);
    stream.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  });
}

/** Translates proxy-chain's own status codes (its `statuses.ts`). */
function statusReason(status: string): ReasonCode {
  if (status === '597' || status === '407') return 'upstream-auth-failed';
  if (status === '590') return 'upstream-refused';
  if (status === '504') return 'connect-timeout';
  return 'upstream-failed';
}

function httpProxy(url: URL): HttpProxy {
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const host = bareHost(url);
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return {
    authorization: credentials === ':' ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`,
    connect: (options) =>
      new Promise((resolve) => {
        const stream = secure
          ? tls.connect({ host, port, servername: serverName(url) })
          : net.connect({ host, port });
        const finish = (connected: Connected<undefined, Duplex>) => {
          clearTimeout(deadline);
          stream.off('error', onError);
          if (connected.kind === 'failed') {
            stream.on('error', () => undefined);
            stream.destroy();
          }
          resolve(connected);
        };
        const onError = (error: NodeJS.ErrnoException) =>
          finish({ kind: 'failed', reason: 'upstream-failed', detail: error.code ?? error.message });
        const deadline = setTimeout(
          () =>
            finish({ kind: 'failed', reason: 'connect-timeout', detail: `after ${options.timeoutMs} ms` }),
          options.timeoutMs,
        );
        stream.once('error', onError);
        stream.once(secure ? 'secureConnect' : 'connect', () =>
          finish({ kind: 'connected', stream, address: '', sink: undefined }),
        );
      }),
  };
}

/** The host without the brackets of an IPv6 address. */
function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** The name that an upstream proxy is asked for in TLS: an address has none (RFC 6066 §3). */
function serverName(url: URL): string {
  const host = bareHost(url);
  return net.isIP(host) === 0 ? host : '';
}
