import { type ClientHttp2Session, type ClientHttp2Stream, constants } from 'node:http2';
import type { Field, RequestHead } from '@paude/credentials';
import type { ReasonCode } from '../report/reasons.ts';
import { asLowerRaw, endWithTrailers, lesserFields, messageFields } from './http2-fields.ts';
import type { SendOptions, TargetListener, TargetRequest, TargetSide } from './sides.ts';
import { StreamSink, StreamSource } from './stream-body.ts';
import { targetFailure } from './target-failure.ts';

export interface Http2TargetOptions {
  /** A session that takes requests. */
  readonly session: () => ClientHttp2Session;
  /** Sees that there is a session. @returns why there is none. */
  readonly prepare: () => Promise<readonly [ReasonCode, string] | undefined>;
  readonly authority: string;
}

/** Sends requests over HTTP/2. */
export class Http2TargetSide implements TargetSide {
  readonly #options: Http2TargetOptions;

  constructor(options: Http2TargetOptions) {
    this.#options = options;
  }

  prepare(): Promise<readonly [ReasonCode, string] | undefined> {
    return this.#options.prepare();
  }

  send(head: RequestHead, { hasBody }: SendOptions, listener: TargetListener): TargetRequest {
    const { authority, session } = this.#options;
    const fields = head.fields.filter(([name]) => name.toLowerCase() !== 'host');
    const pseudo = [':method', head.method, ':path', head.path, ':scheme', 'https', ':authority', authority];
    const options = { endStream: !hasBody, waitForTrailers: hasBody };
    const stream = session().request([...pseudo, ...asLowerRaw(fields)], options);
    let endTrailers: readonly Field[] = [];
    stream.on('wantTrailers', () => endWithTrailers(stream, endTrailers));
    listen(stream, listener);
    return {
      body: new StreamSink(stream),
      end: (trailers) => {
        endTrailers = trailers;
        stream.end();
      },
      abort: () => stream.close(constants.NGHTTP2_CANCEL),
    };
  }
}

function listen(stream: ClientHttp2Stream, listener: TargetListener): void {
  let trailers: readonly Field[] = [];
  let responded = false;
  stream.on(
    'headers',
    (headers: { readonly ':status'?: unknown }, _flags: number, raw: readonly string[]) => {
      const status = Number(headers[':status']);
      if (status !== 101) listener.onInformation(status, lesserFields(raw));
    },
  );
  stream.on(
    'response',
    (headers: { readonly ':status'?: unknown }, flags: number, raw: readonly string[]) => {
      responded = true;
      listener.onResponse({
        status: Number(headers[':status']),
        phrase: '',
        fields: messageFields(raw),
        ended: (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0,
        body: new StreamSource(stream),
        trailers: () => trailers,
      });
    },
  );
  stream.on('trailers', (_headers: object, _flags: number, raw: readonly string[]) => {
    trailers = lesserFields(raw);
  });
  // Node ends a stream that is broken off as if it had come to its end; this listener is the first to hear of it.
  stream.on('end', () => {
    if (responded && (stream.rstCode ?? 0) !== constants.NGHTTP2_NO_ERROR)
      listener.onFailure('target-reset', `stream closed (code ${stream.rstCode})`);
  });
  stream.on('error', (error: NodeJS.ErrnoException) => listener.onFailure(...targetFailure(error)));
  stream.on('close', () => {
    if (!responded) listener.onFailure('target-reset', `stream closed (code ${stream.rstCode})`);
  });
}
