import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, missing, unusable } from './ca-error.ts';

/** Both files are a few kilobytes; with thousands of hosts some hundreds. */
const MAX_BYTES = 4 * 1_048_576;

/** How often the copy is written again because the key file changed under it. */
const MAX_ROUNDS = 20;

/**
 * The directory of a CA. `ca.key` holds the private key and its certificate in one file, so that the two can never be out
 * of step, whoever writes at the same time and whenever the power goes; it is the truth. `ca.crt` is a copy of the
 * certificate for whoever is to trust it.
 */
export class AuthorityFiles {
  readonly directory: string;
  readonly keyPath: string;
  readonly certificatePath: string;

  constructor(directory: string) {
    this.directory = directory;
    this.keyPath = join(directory, 'ca.key');
    this.certificatePath = join(directory, 'ca.crt');
  }

  /** Makes the directory for this user alone; one that others can write to is refused. */
  async prepare(): Promise<void> {
    const { directory } = this;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const { mode } = await stat(directory);
      if ((mode & 0o022) !== 0) {
        throw unusable(
          directory,
          'others can write to this directory, and put a key of theirs in it',
          'Name a directory inside it, which is then made for this user alone, or run chmod go-w on it',
        );
      }
    } catch (error) {
      throw fileError(directory, 'making it', error);
    }
  }

  /** The text of the key file; undefined when nothing is there yet. */
  async readKey(): Promise<string | undefined> {
    // Looked for first: the key file is always made before the copy, so a copy that is there has one.
    const hasCopy = (await this.readCertificate()) !== undefined;
    const text = await this.#readPrivate();
    if (text === undefined && hasCopy) {
      throw unusable(
        this.directory,
        'ca.crt is there without its ca.key',
        'Put ca.key back, or run paude ca rotate --credentials FILE for a new authority',
      );
    }
    return text;
  }

  /** The text of the copy; undefined when there is none. */
  async readCertificate(): Promise<string | undefined> {
    const { certificatePath } = this;
    try {
      await using file = await open(certificatePath, constants.O_RDONLY | constants.O_NONBLOCK);
      return await readText(file, certificatePath);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw fileError(certificatePath, 'reading it', error);
    }
  }

  /** Puts the first key file there. @returns false when there is one by now. */
  async create(text: string): Promise<boolean> {
    const temporary = await this.#write('ca.key', text, 0o600);
    try {
      // Unlike a rename, a link never takes the place of what another process has made meanwhile.
      await link(temporary, this.keyPath);
      await this.#sync();
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw fileError(this.keyPath, 'making it', error);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Replaces the key file. @returns false when it is no longer `before`; undefined takes the place of anything. */
  async replace(text: string, before: string | undefined): Promise<boolean> {
    const temporary = await this.#write('ca.key', text, 0o600);
    try {
      if (before !== undefined && (await this.#readPrivate()) !== before) return false;
      await rename(temporary, this.keyPath);
      await this.#sync();
      return true;
    } catch (error) {
      throw fileError(this.keyPath, 'writing it', error);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /**
   * Brings the copy into line with the key file. Whoever writes last has seen the key file unchanged after that, so that
   * they agree whatever others do meanwhile.
   *
   * @param certificateIn The certificate in the text of a key file.
   * @returns the text of the key file that the copy is of.
   */
  async publish(certificateIn: (text: string) => string): Promise<string> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const text = await this.#readPrivate();
      if (text === undefined) throw missing(this.directory);
      const pem = certificateIn(text);
      if ((await this.readCertificate()) === pem) return text;
      const temporary = await this.#write('ca.crt', pem, 0o644);
      try {
        await rename(temporary, this.certificatePath);
      } catch (error) {
        await rm(temporary, { force: true });
        throw fileError(this.certificatePath, 'writing it', error);
      }
    }
    throw unusable(
      this.directory,
      'it is changed again and again',
      'Give every proxy a directory of its own',
    );
  }

  /** The key file; refused when it is a link, or when others can read or write it. */
  async #readPrivate(): Promise<string | undefined> {
    const { keyPath } = this;
    try {
      await using file = await open(
        keyPath,
        constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW,
      );
      const { mode } = await file.stat();
      if ((mode & 0o077) !== 0) {
        const written = (mode & 0o777).toString(8).padStart(4, '0');
        throw unusable(
          keyPath,
          `others can use this key (mode ${written})`,
          'Run chmod 600 on it if nobody has, or paude ca rotate for a new one',
        );
      }
      return await readText(file, keyPath);
    } catch (error) {
      if (isMissing(error)) return undefined;
      if ((error as NodeJS.ErrnoException).code === 'ELOOP') {
        throw unusable(
          keyPath,
          'it is a symbolic link',
          'Put the file itself there, or name the directory that it is in',
          error,
        );
      }
      throw fileError(keyPath, 'reading it', error);
    }
  }

  /** Writes a file beside the one it is to become, and has it on the disk. @returns its path. */
  async #write(name: string, text: string, mode: number): Promise<string> {
    const path = join(this.directory, `.${name}.${randomBytes(6).toString('hex')}.tmp`);
    try {
      await using file = await open(path, 'wx', mode);
      // A umask may have taken the right to read the certificate from those who are to trust it.
      await file.chmod(mode);
      await file.writeFile(text);
      await file.sync();
      return path;
    } catch (error) {
      await rm(path, { force: true }).catch(() => undefined);
      throw fileError(this.directory, 'writing to it', error);
    }
  }

  /** After this the new name of a file outlives a loss of power, too. */
  async #sync(): Promise<void> {
    await using directory = await open(this.directory, constants.O_RDONLY);
    await directory.sync();
  }
}

async function readText(file: FileHandle, path: string): Promise<string> {
  const found = await file.stat();
  if (!found.isFile() || found.size > MAX_BYTES) {
    throw unusable(
      path,
      'it is no file of a certificate authority',
      'Name the directory of one, or a new one',
    );
  }
  return await file.readFile('utf8');
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
