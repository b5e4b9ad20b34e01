import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PaudeError } from '@paude/errors';
import { z } from 'zod';
import type { BackendName, Session } from '../session/session.ts';
import { parseSessionName } from '../session/session-name.ts';

const entrySchema = z.object({
  name: z.string(),
  backend: z.enum(['podman', 'docker', 'openshift', 'kubernetes']),
  agent: z.string(),
  image: z.string(),
  workspace: z.string(),
  allowedDomains: z.array(z.string()),
  createdMs: z.number(),
  version: z.string(),
});

/** A session that was made from here, as it was when it was last seen. */
export type KnownSession = Omit<Session, 'state' | 'problem'>;

/**
 * The sessions that are known on this machine: one small file each, for this user alone, so that one whose backend does not
 * answer is not taken for gone.
 */
export class Registry {
  readonly #directory: string;

  /** @param directory Made when it is missing. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @throws PaudeError `registry-unwritable`. */
  async put(session: KnownSession): Promise<void> {
    const path = this.#path(session.backend, session.name);
    const text = `${JSON.stringify(entrySchema.parse(session), null, 2)}\n`;
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      const place = `${path}.${randomBytes(6).toString('hex')}`;
      try {
        const file = await open(place, 'wx', 0o600);
        try {
          await file.writeFile(text);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(place, path);
      } catch (error) {
        await rm(place, { force: true });
        throw error;
      }
    } catch (error) {
      throw new PaudeError('registry-unwritable', {
        action: 'remember the session',
        input: session.name,
        why: `${path} cannot be written (${(error as NodeJS.ErrnoException).code})`,
        remedy: 'See that its directory is yours, and that the disk is not full',
        cause: error,
      });
    }
  }

  async get(backend: BackendName, name: string): Promise<KnownSession | undefined> {
    return this.#read(this.#path(backend, name));
  }

  /** Forgets it; the session itself is not touched. */
  async remove(backend: BackendName, name: string): Promise<void> {
    await rm(this.#path(backend, name), { force: true });
  }

  /** Those that can be read, by name. */
  async list(): Promise<readonly KnownSession[]> {
    const names = await readdir(this.#directory).catch(() => []);
    const files = names.filter((name) => name.endsWith('.json')).sort();
    const found = await Promise.all(files.map((name) => this.#read(join(this.#directory, name))));
    return found.filter((session) => session !== undefined);
  }

  async #read(path: string): Promise<KnownSession | undefined> {
    try {
      return entrySchema.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch {
      return undefined;
    }
  }

  #path(backend: BackendName, name: string): string {
    return join(this.#directory, `${parseSessionName(name)}.${backend}.json`);
  }
}

/** The registry in a directory: `paude/sessions` of XDG_STATE_HOME. */
export function openRegistry(directory: string): Registry {
  return new Registry(directory);
}
