import { closeSync, openSync } from 'node:fs';
import { PaudeError } from '@paude/errors';
import { pino } from 'pino';

/** How long a line may wait for others to be written with it. */
const FLUSH_INTERVAL_MS = 200;
/** Lines are handed on in pieces of this size. The stream looks at all that waits there for each piece that it gets. */
const BATCH_LENGTH = 32 * 1024;
/** Beyond this, lines are dropped: a disk that hangs must not fill memory. */
const MAX_BUFFER_BYTES = 64 * 1024 * 1024;
/** How long the end may take: a disk that is full or hangs must not keep the proxy from stopping. */
const CLOSE_TIMEOUT_MS = 2000;

/** Where lines go: a file, or standard output. They are written in batches, off the path of requests. */
export class LogDestination {
  readonly #stream: ReturnType<typeof pino.destination>;
  readonly #isFile: boolean;
  readonly #flush = () => this.#handOn();
  #readerGone = false;
  #batch = '';
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /**
   * @param target A path, or `-` for standard output.
   * @param onWriteError Told when lines could not be written; they are kept for the next try until the buffer is full.
   * @throws PaudeError `log-unwritable`.
   */
  constructor(target: string, onWriteError: (error: Error) => void = () => undefined) {
    this.#isFile = target !== '-';
    if (this.#isFile) checkLogFile(target);
    this.#stream = pino.destination({
      dest: this.#isFile ? target : 1,
      append: true,
      sync: false,
      maxLength: MAX_BUFFER_BYTES,
      periodicFlush: FLUSH_INTERVAL_MS,
    });
    this.#stream.on('error', (error: NodeJS.ErrnoException) => {
      // pino makes the stream deaf then, and it would never say that it has closed.
      if (error.code === 'EPIPE') this.#readerGone = true;
      onWriteError(error);
    });
    this.#stream.on('drop', () => onWriteError(new Error('the log buffer is full')));
  }

  /** Takes a whole line. What comes after the log has closed is lost. */
  write(text: string): void {
    this.#batch += text;
    if (this.#batch.length >= BATCH_LENGTH) this.#handOn();
    else this.#timer ??= setTimeout(this.#flush, FLUSH_INTERVAL_MS).unref();
  }

  /** Opens the file again, after a rotation. Does nothing for standard output. */
  reopen(): void {
    this.#handOn();
    if (this.#isFile) this.#stream.reopen();
  }

  /**
   * Writes what is buffered, and closes; gives up after two seconds. The stream's own `flushSync` is no choice here: it
   * tries for ever to write what cannot be written.
   */
  close(): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(deadline);
        this.#isClosed = true;
        this.#stream.destroy();
        resolve();
      };
      const deadline = setTimeout(finish, CLOSE_TIMEOUT_MS);
      if (this.#readerGone) return finish();
      this.#handOn();
      this.#stream.once('close', finish);
      this.#stream.once('error', finish);
      this.#stream.end();
    });
  }

  #handOn(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#batch;
    this.#batch = '';
    if (batch !== '' && !this.#isClosed) this.#stream.write(batch);
  }
}

/**
 * Makes sure that a log file can be written before anything runs that should be written down: the stream opens it later,
 * and a proxy without its log must not start.
 *
 * @throws PaudeError `log-unwritable`.
 */
export function checkLogFile(path: string): void {
  try {
    closeSync(openSync(path, 'a'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const [why, remedy] =
      code === 'ENOENT'
        ? ['there is no such directory', 'Make the directory first']
        : code === 'EISDIR'
          ? ['it is a directory', 'Name a file in it']
          : code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
            ? ['this user may not write there', 'Choose a place that it may write to']
            : [`opening it failed (${code})`, 'Choose another place'];
    throw new PaudeError('log-unwritable', {
      action: 'write the log',
      input: path,
      why,
      remedy,
      cause: error,
    });
  }
}
