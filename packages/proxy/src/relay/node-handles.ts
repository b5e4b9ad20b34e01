/** The parts of `process` that lead to Node's own handles. An app passes its `process`. */
export interface InternalsSource {
  readonly versions: { readonly node: string };
  /** Not documented for new code, and so not in the types of Node. */
  binding?(name: string): unknown;
}

/** Whom a handle calls. */
export interface HandleOwner {
  /** Bytes, an end or an error. Answers the buffer for the next read when it is another one. */
  onRead(): Buffer | undefined;
  onConnected(status: number): void;
  onWritten(status: number, byteCount: number): void;
}

/** Where a handle or a request finds its owner. */
export const OWNER: unique symbol = Symbol('owner');

/**
 * A connection as libuv has it (Node's `TCP` and `Pipe`, `src/stream_base.cc`). Functions that answer a number answer a
 * negative error code of libuv, or 0. None may be called after `close` or `reset`.
 */
export interface StreamHandle {
  [OWNER]?: HandleOwner | undefined;
  onread: (this: StreamHandle) => Buffer | undefined;
  /** To be called once: `onread` answers the buffers that follow. They must be kept by whoever gave them. */
  useUserBuffer(buffer: Buffer): void;
  readStart(): number;
  readStop(): number;
  /** Answers a request when the kernel has not taken all: the bytes must stay as they are until it completes. */
  writeBuffer(request: null, bytes: Buffer): number | WriteRequest;
  /** Answers 1 when it is done at once. The request may be told of it (`oncomplete`). */
  shutdown(request: object): number;
  /** Closes the descriptor at once. */
  close(): void;
  /** Missing where there is no TCP. Must not be called while a shutdown is under way: the handle would never close. */
  reset?(): number;
  getpeername?(name: { address?: string }): number;
  setNoDelay?(on: boolean): number;
}

/** A handle that can dial. */
export interface TcpHandle extends StreamHandle {
  connect(request: ConnectRequest, address: string, port: number): number;
  connect6(request: ConnectRequest, address: string, port: number): number;
}

export interface WriteRequest {
  [OWNER]?: HandleOwner;
  oncomplete: (this: WriteRequest, status: number) => void;
  /** Set when it was complete before `oncomplete` was there. */
  writeStatus: number | null;
  /** Ours: what must stay as it is. */
  bytes?: Buffer;
}

export interface ConnectRequest {
  [OWNER]?: HandleOwner;
  oncomplete: (this: ConnectRequest, status: number) => void;
}

/** What we take from Node's internals. */
export interface NodeHandles {
  readonly dialHandle: () => TcpHandle;
  readonly ConnectRequest: new () => ConnectRequest;
  readonly ShutdownRequest: new () => object;
  /** Written before each `onread` and by each `writeBuffer`. */
  readonly state: Int32Array;
  /** Where in `state` the count of a read stands, or its error. */
  readonly readIndex: number;
  /** Where in `state` the error of a dispatched write stands. */
  readonly writeErrorIndex: number;
}

/** The only line of Node whose handles we know: elsewhere a wrong call could end the process, which nothing can catch. */
const KNOWN_MAJOR = '26.';

/** @returns undefined where Node's internals are not there, or not as we know them. */
export function nodeHandles(source: InternalsSource): NodeHandles | undefined {
  if (!source.versions.node.startsWith(KNOWN_MAJOR)) return undefined;
  let tcp: Record<string, unknown>;
  let stream: Record<string, unknown>;
  try {
    tcp = source.binding?.('tcp_wrap') as typeof tcp;
    stream = source.binding?.('stream_wrap') as typeof stream;
  } catch {
    return undefined;
  }
  const { TCP, TCPConnectWrap, constants } = tcp ?? {};
  const { ShutdownWrap, streamBaseState: state, kReadBytesOrError, kLastWriteErr } = stream ?? {};
  const socketType = (constants as { SOCKET?: unknown } | undefined)?.SOCKET;
  const isKnown =
    [TCP, TCPConnectWrap, ShutdownWrap].every((value) => typeof value === 'function') &&
    // `kLastWriteErr` came with the `writeBuffer` that makes its request itself.
    [socketType, kReadBytesOrError, kLastWriteErr].every((value) => typeof value === 'number') &&
    state instanceof Int32Array;
  if (!isKnown) return undefined;
  const TcpHandle = TCP as new (type: number) => TcpHandle;
  return {
    dialHandle: () => new TcpHandle(socketType as number),
    ConnectRequest: TCPConnectWrap as NodeHandles['ConnectRequest'],
    ShutdownRequest: ShutdownWrap as NodeHandles['ShutdownRequest'],
    state,
    readIndex: kReadBytesOrError as number,
    writeErrorIndex: kLastWriteErr as number,
  };
}
