import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';

const DEBOUNCE_MS = 100;

export interface WatchOptions {
  /** How often to look without being told: some file systems tell nothing. @default 5000 */
  readonly pollMs?: number;
}

/**
 * Calls back when the file may have changed. It watches the directory, not the file: an editor replaces the file by
 * another, and a mounted ConfigMap swaps a symlink beside it. The caller reads the file and compares.
 *
 * @returns a function that ends the watch.
 */
export function watchFile(path: string, onMaybeChanged: () => void, options: WatchOptions = {}): () => void {
  let watcher: FSWatcher | undefined;
  let debounce: NodeJS.Timeout | undefined;
  const notice = () => {
    clearTimeout(debounce);
    debounce = setTimeout(onMaybeChanged, DEBOUNCE_MS);
  };
  const start = () => {
    if (watcher !== undefined) return;
    try {
      watcher = watch(dirname(path), { persistent: false }, notice);
      watcher.on('error', stop);
    } catch {
      // The directory may come later; the poll looks for it.
    }
  };
  const stop = () => {
    watcher?.close();
    watcher = undefined;
  };
  start();
  const poll = setInterval(() => {
    start();
    onMaybeChanged();
  }, options.pollMs ?? 5000);
  poll.unref();
  return () => {
    clearInterval(poll);
    clearTimeout(debounce);
    stop();
  };
}
