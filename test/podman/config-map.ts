import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';

/**
 * A directory as a kubelet mounts a ConfigMap: each key is a symlink through `..data`, and an update swaps `..data` for a
 * symlink to a new directory in one rename.
 */
export class ConfigMapDirectory implements AsyncDisposable {
  readonly #directory: TemporaryDirectory;
  #version = 0;

  private constructor(directory: TemporaryDirectory) {
    this.#directory = directory;
  }

  static async create(data: Readonly<Record<string, string>>): Promise<ConfigMapDirectory> {
    const map = new ConfigMapDirectory(await temporaryDirectory('config-map'));
    await map.update(data);
    for (const key of Object.keys(data)) await symlink(`..data/${key}`, map.#directory.join('mount', key));
    return map;
  }

  /** What is to be mounted. */
  get path(): string {
    return this.#directory.join('mount');
  }

  async update(data: Readonly<Record<string, string>>): Promise<void> {
    const before = `..version-${this.#version}`;
    const version = `..version-${++this.#version}`;
    for (const [key, text] of Object.entries(data)) {
      await this.#directory.write(`mount/${version}/${key}`, text, 0o644);
    }
    await mkdir(this.path, { recursive: true });
    await symlink(version, this.#directory.join('mount', '..data_tmp'));
    await rename(this.#directory.join('mount', '..data_tmp'), this.#directory.join('mount', '..data'));
    await rm(this.#directory.join('mount', before), { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#directory.remove();
  }
}
