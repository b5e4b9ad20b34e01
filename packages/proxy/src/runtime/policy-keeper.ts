import type { Policy } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import { type PolicySource, withoutExpired } from './policy-source.ts';
import { watchFile } from './watch-file.ts';

const MAX_TIMER_MS = 2_000_000_000;

/** Who is told what happened to the allowlist. */
export interface PolicyListener {
  /** A new allowlist is to be put in force. */
  changed(policy: Policy): void;
  /** It could not be read; the one before stays in force. */
  failed(error: PaudeError): void;
}

/** Keeps the allowlist fresh: when its file changes, when it is told to, and when a rule expires. */
export class PolicyKeeper {
  readonly #source: PolicySource;
  readonly #listener: PolicyListener;
  #current: Policy;
  #expiry: NodeJS.Timeout | undefined;
  readonly #watches: (() => void)[] = [];
  #loading: Promise<void> | undefined;
  #again = false;
  #failure: string | undefined;
  #loadedMs = Date.now();

  constructor(source: PolicySource, first: Policy, listener: PolicyListener) {
    this.#source = source;
    this.#current = first;
    this.#listener = listener;
    this.#armExpiry();
  }

  /** Why the last load failed; undefined when it did not. */
  get lastFailure(): string | undefined {
    return this.#failure;
  }

  /** When the allowlist in force was put in force, milliseconds since 1970. */
  get loadedMs(): number {
    return this.#loadedMs;
  }

  watch(file: string): void {
    this.#watches.push(watchFile(file, () => void this.reload()));
  }

  stop(): void {
    for (const stopWatching of this.#watches) stopWatching();
    clearTimeout(this.#expiry);
  }

  /** Loads again. A call while a load is under way makes one more load after it. Never rejects. */
  reload(): Promise<void> {
    if (this.#loading !== undefined) {
      this.#again = true;
      return this.#loading;
    }
    this.#loading = this.#load().finally(() => {
      this.#loading = undefined;
      if (!this.#again) return undefined;
      this.#again = false;
      return this.reload();
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    try {
      const policy = await this.#source.load(this.#current);
      this.#failure = undefined;
      this.#putInForce(policy);
    } catch (error) {
      const failure = asPaudeError(error);
      // The poll comes back to a bad file again and again; it is reported once.
      if (failure.message !== this.#failure) this.#listener.failed(failure);
      this.#failure = failure.message;
      // A file that cannot be read must not keep rules in force beyond their time.
      this.#putInForce(await withoutExpired(this.#current));
    }
  }

  #putInForce(policy: Policy | undefined): void {
    if (policy === undefined) return;
    this.#current = policy;
    this.#loadedMs = Date.now();
    this.#armExpiry();
    this.#listener.changed(policy);
  }

  #armExpiry(): void {
    clearTimeout(this.#expiry);
    const { nextExpiryMs } = this.#current;
    if (nextExpiryMs === undefined) return;
    const waitMs = Math.min(Math.max(0, nextExpiryMs - Date.now()), MAX_TIMER_MS);
    this.#expiry = setTimeout(() => void this.reload().then(() => this.#armExpiry()), waitMs);
    this.#expiry.unref();
  }
}

function asPaudeError(error: unknown): PaudeError {
  if (error instanceof PaudeError) return error;
  return new PaudeError('allowlist-unusable', {
    action: 'put the allowlist in force',
    why: error instanceof Error ? error.message : String(error),
    remedy: 'This is a defect: please report it',
    cause: error,
  });
}
