import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { ByteQueue } from './byte-queue.ts';
import { defaultTimeoutMs, within } from './deadline.ts';
import { framingOf, headEnd, type MessageHead, parseHead, takeBody } from './http-message.ts';

/** Where to connect, and how long any one wait may take. */
export interface RawTarget {
  /** @default '127.0.0.1' */
  readonly host?: string;
  readonly port: number;
  /** The source address, to look like another client. */
  readonly localAddress?: string;
  /** Bound of each wait on this connection. @default 5000 */
  readonly timeoutMs?: number;
}

/** A response as it was sent. */
export interface RawResponse {
  readonly status: number;
  readonly head: MessageHead;
  readonly body: Buffer;
}

/** Options of {@link RawConnection.send}. */
export interface SendOptions {
  /** Pause before every piece after the first. @default 0 */
  readonly delayMs?: number;
}

/** A socket in the hands of a test: every byte is the test's own, and every wait is bounded. */
export class RawConnection implements AsyncDisposable {
  readonly socket: Socket;
  readonly #queue: ByteQueue;
  readonly #timeoutMs: number;

  constructor(socket: Socket, timeoutMs = defaultTimeoutMs) {
    this.socket = socket;
    this.#timeoutMs = timeoutMs;
    this.#queue = new ByteQueue(socket);
  }

  /** Everything received so far, read or not. */
  get received(): Buffer {
    return this.#queue.all;
  }

  /** How the peer ended its side so far: not, by FIN, or by an error code such as ECONNRESET. */
  get ending(): 'open' | 'fin' | (string & {}) {
    return this.#queue.ending;
  }

  /** Sends bytes; of several pieces each goes out as a segment of its own. Errors show up in `ending`. */
  async send(
    pieces: string | Uint8Array | Iterable<string | Uint8Array>,
    options: SendOptions = {},
  ): Promise<void> {
    const list = typeof pieces === 'string' || pieces instanceof Uint8Array ? [pieces] : pieces;
    let first = true;
    for (const piece of list) {
      if (!first) await sleep(options.delayMs ?? 0);
      first = false;
      if (!this.socket.writable) return;
      const bytes = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
      await within(
        new Promise<void>((done) => this.socket.write(bytes, () => done())),
        'a write',
        this.#timeoutMs,
      );
    }
  }

  /** Sends our FIN and goes on reading. */
  end(): void {
    this.socket.end();
  }

  /** Exactly `count` bytes. */
  readBytes(count: number): Promise<Buffer> {
    return this.#take(`${count} bytes`, (bytes) => (bytes.length >= count ? count : -1));
  }

  /** Up to and including `delimiter`. */
  async readUntil(delimiter: string): Promise<string> {
    const taken = await this.#take(JSON.stringify(delimiter), (bytes) => {
      const at = bytes.indexOf(delimiter, 0, 'latin1');
      return at < 0 ? -1 : at + Buffer.byteLength(delimiter, 'latin1');
    });
    return taken.toString('latin1');
  }

  /** All that comes until the peer ends, by FIN or reset. */
  readToEnd(): Promise<Buffer> {
    return this.#take('the end', (bytes) => (this.#queue.ending === 'open' ? -1 : bytes.length));
  }

  /** All that comes until nothing has come for `idleMs`, or the peer ends. */
  async readUntilIdle(idleMs = 100): Promise<Buffer> {
    const deadline = performance.now() + this.#timeoutMs;
    for (let seen = -1; this.#queue.ending === 'open' && performance.now() < deadline; ) {
      if (seen === this.#queue.unread.length) break;
      seen = this.#queue.unread.length;
      await sleep(idleMs);
    }
    return this.#queue.take(this.#queue.unread.length);
  }

  /** A response head, up to its empty line. */
  async readHead(): Promise<MessageHead> {
    return parseHead(await this.#take('a response head', headEnd));
  }

  /** A whole response, its body framed by its own fields; `bodyless` for the answer to a HEAD or a CONNECT. */
  async readResponse(options: { readonly bodyless?: boolean } = {}): Promise<RawResponse> {
    const head = await this.readHead();
    const status = statusOf(head);
    if (options.bodyless === true || status < 200 || status === 204 || status === 304) {
      return { status, head, body: Buffer.alloc(0) };
    }
    return { status, head, body: await this.readBody(head) };
  }

  /** The body that belongs to a response head already read. */
  async readBody(head: MessageHead): Promise<Buffer> {
    const framing = framingOf(head, 'close');
    if (framing === 'close') return this.readToEnd();
    return (await this.#takeWith('a response body', (bytes) => takeBody(bytes, framing))).body;
  }

  /** Gives the socket away, with what was not read put back; this connection is of no use afterwards. */
  release(): Socket {
    this.#queue.release();
    return this.socket;
  }

  /** Starts TLS over this connection, as a client does in a tunnel. */
  async startTls(options: ConnectionOptions = {}): Promise<{ tls: TLSSocket; connection: RawConnection }> {
    const tls = connectTls({ ALPNProtocols: ['http/1.1'], ...options, socket: this.release() });
    const secured = Promise.withResolvers<void>();
    tls.once('secureConnect', secured.resolve).once('error', secured.reject);
    tls.once('close', () => secured.reject(new Error('The connection closed during the TLS handshake')));
    await within(secured.promise, 'a TLS handshake', this.#timeoutMs);
    tls.off('error', secured.reject);
    return { tls, connection: new RawConnection(tls, this.#timeoutMs) };
  }

  /** Resets the connection: RST, not FIN. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
  }

  #take(what: string, lengthOf: (bytes: Buffer) => number): Promise<Buffer> {
    return this.#takeWith(what, (bytes) => {
      const length = lengthOf(bytes);
      return length < 0 ? undefined : { length, bytes: Buffer.from(bytes.subarray(0, length)) };
    }).then((taken) => taken.bytes);
  }

  #takeWith<T extends { length: number }>(what: string, find: (bytes: Buffer) => T | undefined): Promise<T> {
    return this.#queue.takeWhen(what, find, this.#timeoutMs);
  }
}

/** Opens a TCP connection, or rejects with the socket's error. */
export async function rawConnect(target: RawTarget): Promise<RawConnection> {
  const { host = '127.0.0.1', port, localAddress, timeoutMs } = target;
  const local = localAddress === undefined ? {} : { localAddress };
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true, ...local });
  const connected = Promise.withResolvers<void>();
  socket.once('connect', connected.resolve).once('error', connected.reject);
  try {
    await within(connected.promise, `a connection to port ${port}`, timeoutMs);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.off('error', connected.reject);
  return new RawConnection(socket, timeoutMs);
}

/** The status code of a response head, or 0 when its first line is not a status line. */
export function statusOf(head: MessageHead): number {
  return Number(/^HTTP\/\d\.\d (\d{3})\b/.exec(head.startLine)?.[1] ?? 0);
}
