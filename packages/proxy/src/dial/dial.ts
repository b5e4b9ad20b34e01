import type { Host } from '@paude/allowlist';
import type { ByteStream } from '../relay/byte-stream.ts';
import type { ReasonCode } from '../report/reasons.ts';

/** A byte stream to a target, or why there is none. The address is empty when another proxy connects. */
export type Connected<Sink, Stream extends ByteStream> =
  | { readonly kind: 'connected'; readonly stream: Stream; readonly address: string; readonly sink: Sink }
  | { readonly kind: 'failed'; readonly reason: ReasonCode; readonly detail: string };

/** Lets one side end what the other has started. An AbortController does the same at ten times the size. */
export class Cancellation {
  cancelled = false;
  #onCancel: (() => void) | undefined;

  /** Sets the one listener, or takes it away. */
  listen(onCancel: (() => void) | undefined): void {
    this.#onCancel = onCancel;
  }

  cancel(): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.#onCancel?.();
  }
}

/** A connection that has been started, and where its bytes go if it wins. */
export interface Attempt<Sink, Stream extends ByteStream> {
  readonly stream: Stream;
  readonly sink: Sink;
}

export interface DialOptions {
  /** For all addresses together. */
  readonly timeoutMs: number;
  /** Ends the attempt early; the result is then a failure that nobody reads. */
  readonly cancellation?: Cancellation | undefined;
}

/** RFC 8305 §5: how long the next address waits for the one before. */
const ATTEMPT_DELAY_MS = 250;

/** Starts one attempt. */
type Open<Sink, Stream extends ByteStream> = (address: Host, port: number) => Attempt<Sink, Stream>;

/** Told once how it ended. May be called before `startDial` has returned. */
export type OnDialled<Sink, Stream extends ByteStream> = (dialled: Connected<Sink, Stream>) => void;

/**
 * Connects to the first of `addresses` that answers (happy eyeballs, RFC 8305 §5). The addresses are dialled as they are
 * given, so checking them before is checking what is dialled. Never rejects.
 */
export function dial<Sink, Stream extends ByteStream>(
  addresses: readonly Host[],
  port: number,
  open: Open<Sink, Stream>,
  options: DialOptions,
): Promise<Connected<Sink, Stream>> {
  return new Promise((resolve) => startDial(addresses, port, open, options, resolve));
}

/** The same without a promise: what comes of it goes on in the same turn. */
export function startDial<Sink, Stream extends ByteStream>(
  addresses: readonly Host[],
  port: number,
  open: Open<Sink, Stream>,
  options: DialOptions,
  onDialled: OnDialled<Sink, Stream>,
): void {
  new Dialling(addresses, port, open, options, onDialled).start();
}

class Dialling<Sink, Stream extends ByteStream> {
  readonly #addresses: readonly Host[];
  readonly #port: number;
  readonly #open: Open<Sink, Stream>;
  readonly #options: DialOptions;
  readonly #onDialled: OnDialled<Sink, Stream>;
  /** Those under way. */
  #attempts: Stream[] = [];
  #next = 0;
  #lastError: NodeJS.ErrnoException | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #stagger: NodeJS.Timeout | undefined;

  constructor(
    addresses: readonly Host[],
    port: number,
    open: Open<Sink, Stream>,
    options: DialOptions,
    onDialled: OnDialled<Sink, Stream>,
  ) {
    this.#addresses = addresses;
    this.#port = port;
    this.#open = open;
    this.#options = options;
    this.#onDialled = onDialled;
  }

  start(): void {
    const { cancellation, timeoutMs } = this.#options;
    if (cancellation?.cancelled === true) return this.#onCancel();
    cancellation?.listen(this.#onCancel);
    this.#deadline = setTimeout(this.#onDeadline, timeoutMs);
    this.#tryNext();
  }

  readonly #tryNext = (): void => {
    clearTimeout(this.#stagger);
    const address = this.#addresses[this.#next++];
    if (address === undefined) {
      const code = this.#lastError?.code;
      if (this.#attempts.length === 0) this.#fail(dialReason(code), code ?? 'no address');
      return;
    }
    const { stream, sink } = this.#open(address, this.#port);
    this.#attempts.push(stream);
    const onError = (error: NodeJS.ErrnoException) => {
      if (!this.#drop(stream)) return;
      this.#lastError = error;
      this.#tryNext();
    };
    stream.on('error', onError);
    stream.once('connect', () => {
      if (!this.#drop(stream)) return;
      stream.off('error', onError);
      this.#finish({ kind: 'connected', stream, address, sink });
    });
    if (this.#next < this.#addresses.length) this.#stagger = setTimeout(this.#tryNext, ATTEMPT_DELAY_MS);
  };

  /** Answers whether the attempt was under way. */
  #drop(stream: Stream): boolean {
    const index = this.#attempts.indexOf(stream);
    if (index === -1) return false;
    this.#attempts.splice(index, 1);
    return true;
  }

  readonly #onCancel = (): void => this.#fail('connect-failed', 'the client went away');
  readonly #onDeadline = (): void => this.#fail('connect-timeout', `after ${this.#options.timeoutMs} ms`);

  #fail(reason: ReasonCode, detail: string): void {
    this.#finish({ kind: 'failed', reason, detail });
  }

  #finish(dialled: Connected<Sink, Stream>): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#stagger);
    this.#options.cancellation?.listen(undefined);
    const losers = this.#attempts;
    this.#attempts = [];
    for (const stream of losers) stream.destroy();
    this.#onDialled(dialled);
  }
}

/** Translates the codes of `connect(2)`. */
function dialReason(code: string | undefined): ReasonCode {
  switch (code) {
    case 'ECONNREFUSED':
      return 'connect-refused';
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'EADDRNOTAVAIL':
      return 'connect-unreachable';
    case 'ETIMEDOUT':
      return 'connect-timeout';
    case 'EMFILE':
    case 'ENFILE':
      return 'descriptor-limit';
    default:
      return 'connect-failed';
  }
}
