import type { Field, RequestHead } from '@paude/credentials';
import type { ReasonCode } from '../report/reasons.ts';

/** The head of a response. */
export interface ResponseHead {
  readonly status: number;
  /** Empty in HTTP/2, which has none. */
  readonly phrase: string;
  /** Without hop-by-hop fields and pseudo-fields. */
  readonly fields: readonly Field[];
  /** Whether the message ends with its head. */
  readonly ended: boolean;
}

/** The body of a message, as it comes. */
export interface BodySource {
  /** Hands the bytes to `taker`, those first that have come already. Called again, it hands the rest to somebody else. */
  flowTo(taker: BodyTaker): void;
  pause(): void;
  resume(): void;
}

/** Takes a body. */
export interface BodyTaker {
  /** The bytes are lent: whoever keeps them copies them. */
  onBytes(bytes: Buffer): void;
  onEnd(): void;
  /** It is broken off, and will not end. */
  onBroken(code?: string): void;
}

/** Where a body goes. */
export interface BodySink {
  /** Takes the bytes before it returns. Answers false when it has enough for now: `onDrain` follows. */
  write(bytes: Buffer): boolean;
  onDrain: (() => void) | undefined;
}

/** A connection to a target that speaks another protocol from now on. */
export interface Switched {
  readonly source: BodySource;
  readonly sink: BodySink;
  end(): void;
  destroy(): void;
}

/** A request, and the way back to whoever sent it: one protocol's part of an exchange. */
export interface ClientSide {
  readonly head: RequestHead;
  /** Undefined when the request ends with its head. */
  readonly body: BodySource | undefined;
  /** The protocol that the client wants to go on with. */
  readonly upgrade?: 'websocket';
  /** Whether the whole body has come. */
  readonly complete: boolean;
  /** Whether the head of a response has been written. */
  readonly responded: boolean;
  /** The trailer fields of the request, once its body has ended. */
  trailers(): readonly Field[];
  /** Asks a client for the body that it holds back (RFC 9110 §10.1.1). */
  sendContinue(): void;
  /** Passes an interim response on. */
  inform(status: number, fields: readonly Field[]): void;
  /** Writes the head of the response. @returns where its body goes; undefined when it has none. */
  respond(head: ResponseHead): BodySink | undefined;
  /** Ends the response. Whatever the client still sends of its request is thrown away. */
  finish(trailers: readonly Field[]): void;
  /** Breaks the response off so that its end does not look like one. */
  abort(): void;
  /** Throws the rest of the body away. */
  discard(): void;
  /** Goes on with the other protocol, which the target speaks already. @param onBytesDown Told of bytes for the client. */
  switchTo?(fields: readonly Field[], target: Switched, onBytesDown: (count: number) => void): void;
  /** Tells once that the client is served, or gone. */
  onClose(listener: () => void): void;
}

/** What comes of a request that was sent. One of `onResponse` and `onUpgrade` is called at most, and once. */
export interface TargetListener {
  onInformation(status: number, fields: readonly Field[]): void;
  onResponse(response: TargetResponse): void;
  onUpgrade(fields: readonly Field[], target: Switched): void;
  onFailure(reason: ReasonCode, detail: string): void;
}

/** A target's response. */
export interface TargetResponse extends ResponseHead {
  readonly body: BodySource;
  /** The trailer fields, once the body has ended. */
  trailers(): readonly Field[];
}

/** A request on its way. */
export interface TargetRequest {
  /** Where its body goes, if it has one. */
  readonly body: BodySink;
  end(trailers: readonly Field[]): void;
  abort(): void;
}

/** Sends requests to one target: one protocol's part of an exchange. */
export interface TargetSide {
  /** To be awaited before `send`, where there is something to prepare. @returns why nothing can be sent. */
  prepare(): Promise<readonly [ReasonCode, string] | undefined> | undefined;
  send(head: RequestHead, options: SendOptions, listener: TargetListener): TargetRequest;
}

export interface SendOptions {
  readonly hasBody: boolean;
  /** The protocol to go on with. */
  readonly upgrade?: 'websocket' | undefined;
}

/** Pairs from a flat list, as Node gives header fields raw. */
export function asFields(raw: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (let index = 0; index < raw.length; index += 2) fields.push([raw[index] ?? '', raw[index + 1] ?? '']);
  return fields;
}

/** A flat list from pairs, as Node takes header fields. */
export function asRaw(fields: readonly Field[]): string[] {
  const raw: string[] = [];
  for (const [name, value] of fields) raw.push(name, value);
  return raw;
}
