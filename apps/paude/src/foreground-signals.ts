import { closeSync, openSync } from 'node:fs';
import type { SignalSource } from '@paude/proxy';
import type { Io } from './io.ts';

/**
 * The signals of a proxy that runs in the foreground. SIGHUP means two things there: somebody asks for the allowlist to be
 * read again, or the terminal has been closed. In the second case it stops the proxy, as it stops other programs; without
 * that a closed window would leave a proxy behind that nobody sees.
 */
export function foregroundSignals(
  io: Pick<Io, 'on' | 'off' | 'stdin' | 'stderr'>,
  hasTerminal: () => boolean = canOpenTerminal,
): SignalSource {
  if (io.stdin.isTTY !== true && io.stderr.isTTY !== true) return io;
  let stop: ((signal: unknown) => void) | undefined;
  const wrapped = new Map<(value: unknown) => void, (value: unknown) => void>();
  return {
    on(event, listener) {
      if (event === 'SIGTERM') stop = listener;
      if (event !== 'SIGHUP') return io.on(event, listener);
      const onHangUp = (signal: unknown) => (hasTerminal() ? listener(signal) : stop?.(signal));
      wrapped.set(listener, onHangUp);
      return io.on(event, onHangUp);
    },
    off(event, listener) {
      return io.off(event, wrapped.get(listener) ?? listener);
    },
  };
}

/** Whether this process still has a controlling terminal. */
function canOpenTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
