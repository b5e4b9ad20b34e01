import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PaudeError } from '@paude/errors';
import { z } from 'zod';
import { parseJson } from '../json.ts';

/** What outlives a restart of the proxy. */
const stateSchema = z.strictObject({
  version: z.literal(1),
  /** SHA-256 of the refresh token of the login that this grew from, so that a newer login is told from it. */
  login: z.string(),
  refreshToken: z.string().min(1),
  accessToken: z.string().min(1).optional(),
  expiresAtMs: z.number().optional(),
});

/** The newest tokens of a login. */
export type OAuthState = z.infer<typeof stateSchema>;

/**
 * The newest tokens of a login, in a file that only its owner can read. It is replaced whole: whoever reads it, even after
 * a crash, finds the old state or the new one.
 */
export class StateFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * The state that was written last; undefined when there is no file, and a text when the file holds something else, such as
   * the tokens of another program.
   *
   * @throws PaudeError `credential-state` when there is a file that cannot be read.
   */
  async read(): Promise<OAuthState | string | undefined> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      throw this.#error(`reading it failed (${code})`, 'Make it readable for this user, or remove it');
    }
    return stateSchema.safeParse(parseJson(text)).data ?? text;
  }

  /** Replaces the state. The directory is made for this user alone; one that others can write to is refused. */
  async write(state: OAuthState): Promise<void> {
    const directory = dirname(this.path);
    const temporary = join(directory, `.${basename(this.path)}.${randomBytes(6).toString('hex')}.tmp`);
    try {
      const made = await mkdir(directory, { recursive: true, mode: 0o700 });
      if (made === undefined) await this.#checkDirectory(directory);
      else await chmod(directory, 0o700);
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(`${JSON.stringify(state)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.path);
      await syncDirectory(directory);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      if (error instanceof PaudeError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      throw this.#error(
        `writing it failed (${code})`,
        'Name a file in a directory that this user can write to',
      );
    }
  }

  async #checkDirectory(directory: string): Promise<void> {
    const { mode } = await stat(directory);
    const isSticky = (mode & 0o1000) !== 0;
    if ((mode & 0o022) !== 0 && !isSticky) {
      throw this.#error('others can write to its directory', `Run chmod go-w on ${directory}`);
    }
  }

  #error(why: string, remedy: string): PaudeError {
    return new PaudeError('credential-state', {
      action: 'keep the tokens in',
      input: this.path,
      why,
      remedy,
    });
  }
}

/** After this the new name of the file outlives a loss of power, too. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
