import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Readable, Writable } from 'node:stream';
import type { Field, RequestHead } from '@paude/credentials';
import { trailerFields } from '../forward/fields.ts';
import { discardBody, hasBody } from '../forward/request-body.ts';
import { asFields, asPairs, asRaw, type ClientSide, type ResponseHead } from './sides.ts';

export interface Http1ClientOptions {
  readonly head: RequestHead;
  /** How long the rest of a body that nobody wants is read. */
  readonly discardMs: number;
}

/** A request over HTTP/1.1. */
export class Http1ClientSide implements ClientSide {
  readonly head: RequestHead;
  readonly body: Readable | undefined;
  readonly upgrade?: 'websocket';
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #discardMs: number;

  constructor(request: IncomingMessage, response: ServerResponse, options: Http1ClientOptions) {
    this.#request = request;
    this.#response = response;
    this.#discardMs = options.discardMs;
    this.head = options.head;
    this.body = hasBody(request) ? request : undefined;
    response.sendDate = false;
  }

  get complete(): boolean {
    return this.#request.complete;
  }

  get responded(): boolean {
    return this.#response.headersSent;
  }

  trailers(): readonly Field[] {
    return asFields(trailerFields(this.#request.rawTrailers));
  }

  sendContinue(): void {
    if (/\b100-continue\b/i.test(this.#request.headers.expect ?? '')) this.#response.writeContinue();
  }

  inform(status: number, fields: readonly Field[]): void {
    const response = this.#response;
    // Only where it is understood, and while the client reads.
    if (this.#request.httpVersion !== '1.1' || response.socket?.writableNeedDrain === true) return;
    if (status === 100) response.writeContinue();
    else response.writeInformation(status, asRaw(fields));
  }

  respond({ status, phrase, fields, ended }: ResponseHead): Writable | undefined {
    this.#response.writeHead(status, phrase, asRaw(fields));
    return ended ? undefined : this.#response;
  }

  finish(trailers: readonly Field[]): void {
    if (trailers.length > 0) this.#response.addTrailers(asPairs(trailers));
    this.#response.end();
    if (!this.#request.complete) this.discard();
  }

  abort(): void {
    this.#response.socket?.destroy();
  }

  discard(): void {
    discardBody(this.#request, this.#discardMs);
  }

  switchTo(_fields: readonly Field[], _stream: Duplex, _early: Buffer): void {
    throw new Error('the client asked for no other protocol');
  }

  onClose(listener: () => void): void {
    this.#response.once('close', listener);
  }
}
