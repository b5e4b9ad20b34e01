import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Sandbox } from '@paude/sessions/local';
import type { Io } from '../io.ts';

/** What a person, a service manager or a parent sends to end or steer a command. */
const PASSED_ON: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];

/** How long a command may go on after its terminal has gone. */
const AFTER_HANG_UP_MS = 5000;

/** Signals that this process was started with as ignored, as by nohup(1). */
export function ignoredSignals(): readonly string[] {
  const mask = /^SigIgn:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const ignored = BigInt(`0x${mask}`);
  return Object.entries(constants.signals)
    .filter(([, number]) => (ignored >> BigInt(number - 1)) & 1n)
    .map(([name]) => name);
}

/** What is told of signals. */
export interface SignalOptions {
  /** Whether the command is in the session of the terminal, and hears from there itself. */
  readonly sharesTerminal: boolean;
  readonly ignored: readonly string[];
  /** Undefined while there is none. */
  readonly sandbox: () => Sandbox | undefined;
  /** Told when a signal comes before there is a sandbox; this process ends then. */
  readonly onEarlyEnd: () => void;
}

/**
 * Passes signals on to the command. A second SIGTERM ends it at once, and so does a closed terminal after a while. What the
 * terminal sends to its whole foreground has reached the command already.
 *
 * @returns a function that ends this.
 */
export function passSignals(io: Io, options: SignalOptions): () => void {
  const { sharesTerminal, ignored, sandbox, onEarlyEnd } = options;
  let terminations = 0;
  const pass = (signal: NodeJS.Signals) => {
    const running = sandbox();
    if (running === undefined) {
      onEarlyEnd();
      stop();
      return void io.kill(io.pid, signal);
    }
    const isOfTerminal = signal === 'SIGINT' || signal === 'SIGQUIT';
    if (isOfTerminal && sharesTerminal && isForeground()) return;
    if (signal === 'SIGTERM' && ++terminations > 1) return running.kill();
    running.signal(signal);
    if (signal === 'SIGHUP') setTimeout(() => running.kill(), AFTER_HANG_UP_MS).unref();
  };
  // A command in a session of its own hears nothing of the terminal.
  const resize = () => sandbox()?.signal('SIGWINCH');
  const suspend = () => {
    sandbox()?.pause();
    io.kill(io.pid, 'SIGSTOP');
    sandbox()?.resume();
  };
  const handlers: [NodeJS.Signals, (signal: NodeJS.Signals) => void][] = [
    ...PASSED_ON.map((name): [NodeJS.Signals, typeof pass] => [name, pass]),
    ...(sharesTerminal
      ? []
      : ([
          ['SIGWINCH', resize],
          ['SIGTSTP', suspend],
        ] as [NodeJS.Signals, () => void][])),
  ];
  const used = handlers.filter(([name]) => !ignored.includes(name));
  for (const [name, handler] of used) io.on(name, handler);
  const stop = () => {
    for (const [name, handler] of used) io.off(name, handler);
  };
  return stop;
}

/** Whether this process is in the foreground of its terminal: then what is typed there has gone to the command, too. */
function isForeground(): boolean {
  // The name of the program stands in parentheses, and may hold anything.
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return fields[2] === fields[5];
}
