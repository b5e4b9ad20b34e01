import http from 'node:http';
import type { RequestHead } from '@paude/credentials';
import { endToEndFields, fieldValues, framingFault, trailerFields } from '../forward/fields.ts';
import {
  asFields,
  asPairs,
  asRaw,
  type SendOptions,
  type TargetListener,
  type TargetRequest,
  type TargetSide,
} from './sides.ts';
import { targetFailure } from './target-failure.ts';

export interface Http1TargetOptions {
  readonly agent: http.Agent;
  /** What goes into Host. */
  readonly authority: string;
  readonly maxHeaderBytes: number;
}

/** Methods that may be sent again when a kept connection turns out to be dead (RFC 9110 §9.2.2), if there is no body. */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Methods whose requests need not say that they have no body. */
const BODYLESS = new Set([...REPEATABLE, 'DELETE']);

/** Sends requests over HTTP/1.1. */
export class Http1TargetSide implements TargetSide {
  readonly #options: Http1TargetOptions;

  constructor(options: Http1TargetOptions) {
    this.#options = options;
  }

  send(head: RequestHead, { hasBody, upgrade }: SendOptions, listener: TargetListener): TargetRequest {
    const { method } = head;
    const isRepeatable = !hasBody && upgrade === undefined && REPEATABLE.has(method);
    let outgoing = this.#request(head, hasBody, upgrade);
    let isOver = false;
    const listen = (isAgain: boolean) => {
      outgoing.on('response', (incoming) => {
        const fault = responseFault(incoming);
        if (fault !== undefined) {
          isOver = true;
          incoming.destroy();
          return listener.onFailure('target-protocol-error', fault);
        }
        return listener.onResponse({
          status: incoming.statusCode ?? 0,
          phrase: incoming.statusMessage ?? '',
          fields: asFields(endToEndFields(incoming.rawHeaders)),
          ended: false,
          body: incoming,
          trailers: () => asFields(trailerFields(incoming.rawTrailers)),
        });
      });
      outgoing.on('information', ({ statusCode, rawHeaders }) => {
        if (statusCode !== 101) listener.onInformation(statusCode, asFields(trailerFields(rawHeaders)));
      });
      outgoing.on('upgrade', (incoming, stream, early) => {
        const fault = switchFault(incoming, upgrade);
        if (fault === undefined) {
          // A 101 has no body (RFC 9110 §8.6); a length could only be taken for that of the first frames.
          const fields = asFields(endToEndFields(incoming.rawHeaders));
          const kept = fields.filter(([name]) => name.toLowerCase() !== 'content-length');
          return listener.onUpgrade(kept, stream, early);
        }
        stream.destroy();
        return listener.onFailure('target-protocol-error', fault);
      });
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        if (isOver) return;
        if (outgoing.reusedSocket && !isAgain && isRepeatable && error.code === 'ECONNRESET') {
          outgoing = this.#request(head, false);
          listen(true);
          outgoing.end();
        } else {
          listener.onFailure(...targetFailure(error));
        }
      });
    };
    listen(false);
    if (!hasBody) outgoing.end();
    return {
      body: outgoing,
      end: (trailers) => {
        if (trailers.length > 0) outgoing.addTrailers(asPairs(trailers));
        outgoing.end();
      },
      abort: () => {
        isOver = true;
        outgoing.destroy();
      },
    };
  }

  #request({ method, path, fields }: RequestHead, hasBody: boolean, upgrade?: string): http.ClientRequest {
    const { agent, authority, maxHeaderBytes } = this.#options;
    const raw = asRaw(fields.filter(([name]) => name.toLowerCase() !== 'host'));
    const hasLength = fieldValues(raw, 'content-length').length > 0;
    if (hasBody && !hasLength) raw.push('Transfer-Encoding', 'chunked');
    // Node would announce a chunked body for most methods.
    else if (!hasBody && !hasLength && !BODYLESS.has(method)) raw.push('Content-Length', '0');
    if (upgrade !== undefined) raw.push('Connection', 'Upgrade', 'Upgrade', upgrade);
    const outgoing = http.request({
      agent,
      method,
      path,
      headers: ['Host', authority, ...raw],
      setHost: false,
      insecureHTTPParser: false,
      maxHeaderSize: maxHeaderBytes,
    });
    // Node drops the fields of a response beyond its limit silently; their size has a limit already.
    outgoing.maxHeadersCount = 0;
    return outgoing;
  }
}

/** What makes a 101 none that was asked for (RFC 9110 §15.2.2). */
function switchFault(
  { headers, httpVersion }: http.IncomingMessage,
  upgrade: string | undefined,
): string | undefined {
  if (upgrade === undefined) return 'it switched protocols without being asked';
  if (httpVersion !== '1.1') return 'it switched protocols in HTTP/1.0';
  return headers.upgrade?.toLowerCase() === upgrade ? undefined : 'it switched to another protocol';
}

/** Why a target's response cannot go on. */
function responseFault({
  httpVersionMajor,
  httpVersion,
  statusCode = 0,
  rawHeaders,
}: http.IncomingMessage): string | undefined {
  if (httpVersionMajor !== 1) return 'its version is not HTTP/1.1 or HTTP/1.0';
  if (statusCode < 200) return 'it switched protocols without being asked';
  return framingFault(rawHeaders, httpVersion);
}
