import { randomBytes } from 'node:crypto';
import { eventually } from '../support/deadline.ts';
import { runProcess } from '../support/processes.ts';
import type { Person } from './cli.ts';

/** A person's terminal, with a shell in the project. */
export class Terminal implements AsyncDisposable {
  readonly #socket = `paude-test-${randomBytes(6).toString('hex')}`;
  readonly #env: NodeJS.ProcessEnv;

  private constructor({ env }: Person) {
    this.#env = env;
  }

  static async open(person: Person): Promise<Terminal> {
    const terminal = new Terminal(person);
    await person.home.write(
      'paude',
      `#!/bin/sh\nexec '${process.execPath}' '${person.program}' "$@"\n`,
      0o755,
    );
    const shell = `PATH='${person.home.path}':"$PATH" PS1='$ ' exec bash --norc --noprofile`;
    await terminal.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-x',
      '120',
      '-y',
      '40',
      '-c',
      person.project,
      shell,
    );
    return terminal;
  }

  /** Types keys, by their names in tmux(1), or text. */
  async type(...keys: readonly string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys);
  }

  /** Waits for text on the screen. */
  async shows(pattern: RegExp): Promise<void> {
    let seen = '';
    const look = async () => {
      seen = await this.#tmux('capture-pane', '-p');
      return pattern.test(seen);
    };
    await eventually(`the screen to show ${pattern}`, look, { timeoutMs: 20_000, intervalMs: 200 }).catch(
      (error: unknown) => {
        throw new Error(`The screen shows: ${seen}`, { cause: error });
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux('kill-server');
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    return (await runProcess('tmux', ['-L', this.#socket, ...args], { env: this.#env })).stdout;
  }
}
