import { readFile, stat } from 'node:fs/promises';
import type { SecretOptions } from './environment-secret.ts';
import { type SecretReading, type SecretSource, secretFault } from './secret-source.ts';

/** Secrets are short; a path that leads to something large is a slip. */
const MAX_BYTES = 1_048_576;

/** How a file is looked at. */
export interface FileSecretOptions extends SecretOptions {
  /** What is wrong with the file itself, such as who can read it; a clause that names it. @default nothing */
  readonly checkFile?: (path: string) => Promise<string | undefined>;
  /** For how long what was seen last is taken as it is. @default 1000 */
  readonly recheckMs?: number;
  /** Milliseconds on a clock that never goes back. @default performance.now */
  readonly now?: () => number;
}

/**
 * A secret in a file, such as a mounted Secret: read again when the file is another or has changed, also when a link on
 * the way to it was swapped. One line end behind the secret does not belong to it.
 */
export class FileSecret implements SecretSource {
  readonly description: string;
  readonly changeable = true;
  readonly #path: string;
  readonly #options: Required<FileSecretOptions>;
  #identity = '';
  #reading: SecretReading;
  #generation = 0;
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #checking: Promise<SecretReading> | undefined;

  constructor(path: string, options: FileSecretOptions = {}) {
    this.description = `file ${path}`;
    this.#path = path;
    this.#options = {
      check: secretFault,
      checkFile: async () => undefined,
      recheckMs: 1000,
      now: () => performance.now(),
      ...options,
    };
    this.#reading = this.#fault('was not read yet');
  }

  read(fresh = false): SecretReading | Promise<SecretReading> {
    const { recheckMs, now } = this.#options;
    if (!fresh && now() - this.#checkedAtMs < recheckMs) return this.#reading;
    this.#checking ??= this.#look().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #look(): Promise<SecretReading> {
    const startedAtMs = this.#options.now();
    try {
      // stat follows links, so a swapped link shows as another file.
      const stats = await stat(this.#path, { bigint: true });
      const identity = [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join();
      if (identity !== this.#identity) {
        const exposed = await this.#options.checkFile(this.#path);
        if (exposed !== undefined) this.#reading = { kind: 'fault', detail: exposed };
        // Reading a pipe or a device might never end.
        else if (!stats.isFile()) this.#reading = this.#fault('is not a regular file');
        else this.#take(stats.size > MAX_BYTES ? undefined : await readFile(this.#path));
        this.#identity = identity;
      }
    } catch (error) {
      const { code = 'unknown error' } = error as NodeJS.ErrnoException;
      this.#identity = '';
      this.#reading = this.#fault(code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`);
    }
    this.#checkedAtMs = startedAtMs;
    return this.#reading;
  }

  #take(bytes: Buffer | undefined): void {
    const text = bytes?.toString('utf8').replace(/\r?\n$/, '');
    const fault = text === undefined ? `is larger than ${MAX_BYTES} bytes` : this.#options.check(text);
    if (text === undefined || fault !== undefined) {
      this.#reading = this.#fault(fault ?? '');
    } else if (this.#reading.kind !== 'value' || this.#reading.value !== text) {
      this.#reading = { kind: 'value', value: text, generation: ++this.#generation };
    }
  }

  #fault(why: string): SecretReading {
    return { kind: 'fault', detail: `${this.description} ${why}` };
  }
}
