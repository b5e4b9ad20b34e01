import http2, {
  constants,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { RequestHead } from '@paude/credentials';
import type { EngineContext } from '../engine/context.ts';
import type { Target } from '../engine/target.ts';
import type { ReasonCode } from '../report/reasons.ts';
import { namesTarget, originForm, shownAuthority } from './authority.ts';
import { Http2ClientSide } from './http2-client-side.ts';
import { messageFields, only } from './http2-fields.ts';
import { CONNECTION_WINDOW_BYTES, HTTP2_SETTINGS } from './http2-settings.ts';
import type { InterceptedTunnel } from './intercepted-tunnel.ts';

/** Requests at a time over one connection. */
const MAX_STREAMS = 128;
/** What RFC 9113 §6.5.2 adds to the bytes of each field. */
const FIELD_OVERHEAD_BYTES = 32;

/** Serves HTTP/2 over a client's connection. */
export function serveHttp2(
  context: EngineContext,
  tunnel: InterceptedTunnel,
  secure: TLSSocket,
): ServerHttp2Session {
  const session = http2.performServerHandshake(secure, {
    settings: {
      ...HTTP2_SETTINGS,
      maxConcurrentStreams: MAX_STREAMS,
      maxHeaderListSize: context.limits.maxHeaderBytes,
    },
    maxHeaderListPairs: 128,
  });
  session.once('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
  session.on('error', () => secure.destroy());
  session.once('close', () => secure.destroy());
  session.on(
    'stream',
    (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
      // Node tells of a stream that was reset as of an error; the exchange learns of it as it closes.
      stream.on('error', () => undefined);
      const { head, fault } = readHead(headers, raw, tunnel.target, context.limits.maxHeaderBytes);
      const exchange = tunnel.exchange(new Http2ClientSide(stream, head));
      if (fault !== undefined) return exchange.refuse(...fault);
      exchange.run()?.catch((error: unknown) => {
        context.onDefect(error);
        stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      });
      return undefined;
    },
  );
  return session;
}

interface ReadHead {
  readonly head: RequestHead;
  readonly fault?: readonly [ReasonCode, string];
}

function readHead(
  headers: IncomingHttpHeaders,
  raw: readonly string[],
  target: Target,
  maxHeaderBytes: number,
): ReadHead {
  const method = only(headers, ':method') ?? '';
  const authority = only(headers, ':authority');
  const host = only(headers, 'host');
  const form = originForm(only(headers, ':path') ?? '', method, target);
  const isPath = form.kind === 'path' && !/^[a-z]/i.test(only(headers, ':path') ?? '');
  const head: RequestHead = {
    method,
    host: target.host,
    port: target.port,
    path: isPath ? form.path : '/',
    fields: messageFields(raw),
  };
  const bad = (detail: string): ReadHead => ({ head, fault: ['bad-request', detail] });
  // The limit that we announce binds nobody.
  if (listBytes(raw) > maxHeaderBytes)
    return { head, fault: ['headers-too-large', `over ${maxHeaderBytes} bytes`] };
  const strangers = [authority, host].filter((name) => name !== undefined && !namesTarget(name, target));
  const [stranger] = strangers;
  if (stranger !== undefined)
    return { head, fault: ['authority-mismatch', `the request names ${shownAuthority(stranger)}`] };
  if (authority === undefined && host === undefined) return bad('the request names no host');
  if (method === 'CONNECT') return { head, fault: ['method-not-supported', method] };
  if (only(headers, ':scheme') !== 'https') return bad('the scheme is not https');
  if (!isPath) return bad(form.kind === 'path' ? 'the path is a URL' : form.detail);
  return { head };
}

/** The size of a list of fields, as its limit counts it. */
function listBytes(raw: readonly string[]): number {
  let bytes = (raw.length / 2) * FIELD_OVERHEAD_BYTES;
  for (const text of raw) bytes += text.length;
  return bytes;
}
