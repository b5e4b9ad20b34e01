import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Writable } from 'node:stream';
import type { Field } from '@paude/credentials';
import { type Http1ClientOptions, Http1ClientSide } from './http1-client-side.ts';
import { asRaw, type ResponseHead } from './sides.ts';

export interface Http1UpgradeOptions extends Http1ClientOptions {
  readonly socket: Duplex;
  /** What the client sent behind its handshake. */
  readonly early: Buffer;
}

/** A WebSocket handshake over HTTP/1.1 (RFC 6455 §4). Whatever it comes to, it is the last request of its connection. */
export class Http1UpgradeSide extends Http1ClientSide {
  readonly #socket: Duplex;
  readonly #early: Buffer;
  readonly #reply: ServerResponse;

  constructor(request: IncomingMessage, options: Http1UpgradeOptions) {
    const reply = new ServerResponse(request);
    super(request, reply, options);
    this.#socket = options.socket;
    this.#early = options.early;
    this.#reply = reply;
    reply.shouldKeepAlive = false;
    this.#socket.on('error', () => this.#socket.destroy());
    reply.once('finish', () => this.#socket.end());
  }

  override readonly upgrade = 'websocket';

  override respond(head: ResponseHead): Writable | undefined {
    this.#reply.assignSocket(this.#socket as Parameters<ServerResponse['assignSocket']>[0]);
    return super.respond(head);
  }

  /** Answers 101, and joins the two streams until both have ended. */
  override switchTo(fields: readonly Field[], stream: Duplex, early: Buffer): void {
    const socket = this.#socket;
    const raw = asRaw(fields);
    let text = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
    for (let index = 0; index < raw.length; index += 2) text += `${raw[index]}: ${raw[index + 1]}\r\n`;
    socket.write(`${text}\r\n`, 'latin1');
    if (early.length > 0) socket.write(early);
    if (this.#early.length > 0) stream.write(this.#early);
    stream.on('error', () => socket.destroy());
    stream.once('close', () => socket.end());
    socket.once('close', () => stream.destroy());
    socket.pipe(stream);
    stream.pipe(socket);
  }

  override abort(): void {
    this.#socket.destroy();
  }

  override onClose(listener: () => void): void {
    this.#socket.once('close', listener);
  }
}
