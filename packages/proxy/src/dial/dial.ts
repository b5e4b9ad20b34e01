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

/**
 * Connects to the first of `addresses` that answers (happy eyeballs, RFC 8305 §5). The addresses are dialled as they are
 * given, so checking them before is checking what is dialled. Never rejects.
 *
 * @param open Starts one attempt.
 */
export function dial<Sink, Stream extends ByteStream>(
  addresses: readonly Host[],
  port: number,
  open: (address: Host, port: number) => Attempt<Sink, Stream>,
  options: DialOptions,
): Promise<Connected<Sink, Stream>> {
  return new Promise((resolve) => {
    const attempts = new Set<Stream>();
    let next = 0;
    let lastError: NodeJS.ErrnoException | undefined;
    let stagger: NodeJS.Timeout | undefined;

    const finish = (dialled: Connected<Sink, Stream>) => {
      clearTimeout(deadline);
      clearTimeout(stagger);
      options.cancellation?.listen(undefined);
      for (const stream of attempts) {
        if (dialled.kind !== 'connected' || stream !== dialled.stream) stream.destroy();
      }
      attempts.clear();
      resolve(dialled);
    };
    const fail = (reason: ReasonCode, detail: string) => finish({ kind: 'failed', reason, detail });
    const onAbort = () => fail('connect-failed', 'the client went away');
    const deadline = setTimeout(
      () => fail('connect-timeout', `after ${options.timeoutMs} ms`),
      options.timeoutMs,
    );

    const tryNext = () => {
      clearTimeout(stagger);
      const address = addresses[next++];
      if (address === undefined) {
        if (attempts.size === 0) fail(dialReason(lastError?.code), lastError?.code ?? 'no address');
        return;
      }
      const { stream, sink } = open(address, port);
      attempts.add(stream);
      const onError = (error: NodeJS.ErrnoException) => {
        if (!attempts.delete(stream)) return;
        lastError = error;
        tryNext();
      };
      stream.on('error', onError);
      stream.once('connect', () => {
        if (!attempts.has(stream)) return;
        stream.off('error', onError);
        finish({ kind: 'connected', stream, address, sink });
      });
      if (next < addresses.length) stagger = setTimeout(tryNext, ATTEMPT_DELAY_MS);
    };

    if (options.cancellation?.cancelled === true) return onAbort();
    options.cancellation?.listen(onAbort);
    tryNext();
  });
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
