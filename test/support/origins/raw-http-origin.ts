import type { Socket } from 'node:net';
import { eventually } from '../deadline.ts';
import { type Message, type MessageHead, takeMessage } from '../http-message.ts';
import { type ListenOptions, type TcpOrigin, tcpOrigin } from './tcp-origin.ts';

/** One request as an origin got it. */
export interface RawRequest {
  readonly method: string;
  /** The request target as written: a path, or an absolute URI if one was let through. */
  readonly target: string;
  readonly version: string;
  readonly head: MessageHead;
  /** Decoded when it was chunked; `raw` has it as sent. */
  readonly body: Buffer;
  /** Head and body, byte for byte. */
  readonly raw: Buffer;
  /** Number of the connection it came on, from 0. */
  readonly connection: number;
}

type Bytes = string | Uint8Array;

/** What to answer: bytes as they are, or a function that gives them or uses the socket itself and gives nothing. */
export type RawAnswer =
  | Bytes
  | ((request: RawRequest, socket: Socket) => Bytes | undefined | Promise<Bytes | undefined>);

/** A plain HTTP origin on a bare socket: nothing between the wire and the record. */
export interface RawHttpOrigin extends TcpOrigin {
  /** Complete requests in order of arrival. What never became one is in `connections[n].received`. */
  readonly requests: readonly RawRequest[];
  /** The request with this number (from 0), waiting for it to come. */
  request(index?: number, timeoutMs?: number): Promise<RawRequest>;
}

/** An HTTP/1.1 response as bytes, with a Content-Length that fits the body. */
export function rawResponse(body: Bytes = 'ok', status = '200 OK', fields: readonly string[] = []): Buffer {
  const content = Buffer.from(body);
  const head = [`HTTP/1.1 ${status}`, `Content-Length: ${content.length}`, ...fields, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), content]);
}

/** Starts a plain HTTP origin that keeps connections alive and answers requests in order. */
export async function rawHttpOrigin(
  answer: RawAnswer = rawResponse(),
  options: ListenOptions = {},
): Promise<RawHttpOrigin> {
  const requests: RawRequest[] = [];
  let connectionCount = 0;
  const origin = await tcpOrigin((socket) => {
    answerInOrder(socket, connectionCount++, requests, answer);
  }, options);
  return {
    ...origin,
    requests,
    request: (index = 0, timeoutMs) =>
      eventually(`request ${index}`, () => requests[index], timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

/** Reads the requests of one connection into `requests`, and answers them in their order. */
export function answerInOrder(
  socket: Socket,
  connection: number,
  requests: RawRequest[],
  answer: RawAnswer,
): void {
  let pending = Buffer.alloc(0);
  let turn = Promise.resolve();
  socket.on('data', (piece: Buffer) => {
    pending = Buffer.concat([pending, piece]);
    for (let message = takeMessage(pending); message; message = takeMessage(pending)) {
      const request = toRequest(message, pending, connection);
      pending = pending.subarray(message.length);
      requests.push(request);
      turn = turn.then(() => reply(request, socket, answer));
    }
  });
  socket.on('end', () => void turn.then(() => socket.end()));
}

function toRequest(message: Message, bytes: Buffer, connection: number): RawRequest {
  const [method = '', target = '', version = ''] = message.head.startLine.split(' ');
  const raw = Buffer.from(bytes.subarray(0, message.length));
  return { method, target, version, head: message.head, body: message.body, raw, connection };
}

async function reply(request: RawRequest, socket: Socket, answer: RawAnswer): Promise<void> {
  const bytes = typeof answer === 'function' ? await answer(request, socket) : answer;
  if (bytes !== undefined && socket.writable) socket.write(bytes);
}
