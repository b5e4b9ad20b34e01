import { setImmediate } from 'node:timers/promises';
import { type Allowlist, compileInSlices, type Policy } from '@paude/allowlist';
import { parseAllowlist, readAllowlistText } from './load-allowlist.ts';

/** Where an allowlist comes from. */
export interface PolicySourceOptions {
  /** Asked again at every load. */
  readonly words: () => Promise<readonly string[]>;
  readonly file: string | undefined;
  readonly agent: string | undefined;
  readonly extraPorts: readonly number[];
}

/** Reads and compiles the allowlist: the words, then the file's rules. */
export class PolicySource {
  readonly #options: PolicySourceOptions;
  /** What was last read and could be used: words and file. */
  #read: string | undefined;
  #words: readonly string[] = [];

  constructor(options: PolicySourceOptions) {
    this.#options = options;
  }

  /** Where the rules come from, for people. */
  get sources(): readonly string[] {
    const { file } = this.#options;
    return [
      ...(this.#words.length > 0 ? [`words: ${this.#words.join(' ')}`] : []),
      ...(file === undefined ? [] : [`file: ${file}`]),
    ];
  }

  /**
   * @returns undefined when nothing has changed since the last successful load, and no rule has expired.
   * @throws PaudeError when the file cannot be read or is not an allowlist.
   */
  async load(current: Policy | undefined): Promise<Policy | undefined> {
    const { file, agent, extraPorts } = this.#options;
    const words = await this.#options.words();
    const text = await readAllowlistText(file);
    const read = JSON.stringify([words, text]);
    if (read === this.#read && current !== undefined) return withoutExpired(current);
    const policy = await compileNow(parseAllowlist({ words, file, agent, extraPorts }, text));
    this.#words = words;
    this.#read = read;
    return policy;
  }
}

/** The same allowlist compiled anew when a rule of it has expired since; else undefined. */
export async function withoutExpired({ allowlist, nextExpiryMs }: Policy): Promise<Policy | undefined> {
  return nextExpiryMs !== undefined && nextExpiryMs <= Date.now() ? compileNow(allowlist) : undefined;
}

function compileNow(allowlist: Allowlist): Promise<Policy> {
  return compileInSlices(allowlist, { atMs: Date.now(), pause: () => setImmediate() });
}
