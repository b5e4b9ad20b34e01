import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A directory of the test's own, removed with all that is in it when disposed. */
export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
  /** The absolute path of `name` inside the directory; nothing is made. */
  join(...names: readonly string[]): string;
  /** Writes a file, with the directories above it, and gives its absolute path. */
  write(name: string, content: string | Uint8Array, mode?: number): Promise<string>;
  remove(): Promise<void>;
}

/** Makes a fresh directory under the system's temporary directory. `label` becomes part of its name. */
export async function temporaryDirectory(label = 'test'): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), `paude-${label}-`));
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 5 });
  return {
    path,
    join: (...names) => join(path, ...names),
    async write(name, content, mode = 0o600) {
      const file = join(path, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
      await chmod(file, mode);
      return file;
    },
    remove,
    [Symbol.asyncDispose]: remove,
  };
}
