import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Field, RequestHead } from '@paude/credentials';
import { asLowerRaw, asObject, endWithTrailers, lesserFields } from './http2-fields.ts';
import type { BodySink, BodySource, ClientSide, ResponseHead } from './sides.ts';
import { StreamSink, StreamSource } from './stream-body.ts';

/** A request over HTTP/2. */
export class Http2ClientSide implements ClientSide {
  readonly head: RequestHead;
  readonly body: BodySource | undefined;
  readonly #stream: ServerHttp2Stream;
  #trailers: readonly Field[] = [];
  #endTrailers: readonly Field[] = [];
  #headOnly = false;

  constructor(stream: ServerHttp2Stream, head: RequestHead) {
    this.#stream = stream;
    this.head = head;
    this.body = stream.endAfterHeaders ? undefined : new StreamSource(stream);
    stream.on('trailers', (_headers: object, _flags: number, raw: readonly string[]) => {
      this.#trailers = lesserFields(raw);
    });
    stream.on('wantTrailers', () => endWithTrailers(stream, this.#endTrailers));
  }

  get complete(): boolean {
    return this.#stream.endAfterHeaders || this.#stream.readableEnded;
  }

  get responded(): boolean {
    return this.#stream.headersSent;
  }

  trailers(): readonly Field[] {
    return this.#trailers;
  }

  sendContinue(): void {
    if (
      this.#isOpen() &&
      this.head.fields.some(([name, value]) => name.toLowerCase() === 'expect' && /100-continue/i.test(value))
    ) {
      this.#stream.additionalHeaders({ ':status': 100 });
    }
  }

  inform(status: number, fields: readonly Field[]): void {
    if (!this.#isOpen() || this.#stream.writableNeedDrain) return;
    this.#stream.additionalHeaders({ ...asObject(fields), ':status': status });
  }

  respond({ status, fields, ended }: ResponseHead): BodySink | undefined {
    if (this.#stream.destroyed) return undefined;
    this.#headOnly = ended || this.head.method === 'HEAD';
    const options = { endStream: this.#headOnly, waitForTrailers: !this.#headOnly, sendDate: false };
    this.#stream.respond([':status', String(status), ...asLowerRaw(fields)], options);
    return this.#headOnly ? undefined : new StreamSink(this.#stream);
  }

  finish(trailers: readonly Field[]): void {
    const stream = this.#stream;
    this.#endTrailers = trailers;
    if (!stream.destroyed && !this.#headOnly) stream.end();
    if (!this.complete) this.discard();
  }

  abort(): void {
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  /** RFC 9113 §8.1: a server that has answered in full may ask for the rest not to be sent. */
  discard(): void {
    const stream = this.#stream;
    if (stream.destroyed) return;
    stream.resume();
    if (stream.writableFinished) stream.close(constants.NGHTTP2_NO_ERROR);
    else stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
  }

  onClose(listener: () => void): void {
    this.#stream.once('close', listener);
  }

  #isOpen(): boolean {
    return !this.#stream.destroyed && !this.#stream.headersSent;
  }
}
