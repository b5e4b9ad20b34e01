import { type DestinationStream, type Logger, pino } from 'pino';
import { COLOURS, formatPretty, formatSquid, type LogLine, NO_COLOURS } from './format-line.ts';
import { LogDestination } from './log-destination.ts';

export interface LogOptions {
  /** A path, or `-` for standard output. */
  readonly target: string;
  readonly format: 'json' | 'pretty' | 'squid';
  /** Only for `pretty`. */
  readonly colour: boolean;
  /** Told in words, at most once a minute, when lines cannot be written; the proxy goes on. */
  readonly complain?: (text: string) => void;
}

/** The proxy's log: audit events and notices, one line each. */
export interface ProxyLog {
  readonly logger: Logger;
  /** Calls back whenever lines could not be written. */
  onWriteError(listener: () => void): void;
  /** Opens the file again, after a rotation. Does nothing for standard output. */
  reopen(): void;
  /** Writes what is buffered, and closes. Never rejects. */
  close(): Promise<void>;
}

const COMPLAINT_INTERVAL_MS = 60_000;

/**
 * Opens the log.
 *
 * @throws PaudeError `log-unwritable`.
 */
export function openLog(options: LogOptions): ProxyLog {
  const listeners: ((error: Error) => void)[] = [complainer(options)];
  const destination = new LogDestination(options.target, (error) => {
    for (const listener of listeners) listener(error);
  });
  const logger: Logger = pino(
    { base: null, timestamp: isoTimestamp, formatters: { level: (label) => ({ level: label }) } },
    options.format === 'json' ? destination : formatting(destination, options),
  );
  return {
    logger,
    onWriteError: (listener) => listeners.push(listener),
    reopen: () => destination.reopen(),
    close: () => destination.close(),
  };
}

function complainer({ complain, target }: LogOptions): (error: Error) => void {
  let nextMs = 0;
  return (error) => {
    if (performance.now() < nextMs) return;
    nextMs = performance.now() + COMPLAINT_INTERVAL_MS;
    const name = target === '-' ? 'to standard output' : `to ${target}`;
    const { code = error.message } = error as NodeJS.ErrnoException;
    complain?.(`The audit log cannot be written ${name} (${code}); lines wait in memory, up to 64 MiB.`);
  };
}

/** Turns JSON lines into another form on their way. For people and for readers of old logs: not the fast path. */
function formatting(destination: DestinationStream, { format, colour }: LogOptions): DestinationStream {
  const palette = colour ? COLOURS : NO_COLOURS;
  return {
    write(json: string) {
      const line = JSON.parse(json) as LogLine;
      const text = format === 'squid' ? formatSquid(line) : formatPretty(line, palette);
      if (text !== undefined) destination.write(text);
    },
  };
}

let stampedMs = 0;
let stamp = '';

/** RFC 3339 in UTC; made once a millisecond. */
function isoTimestamp(): string {
  const nowMs = Date.now();
  if (nowMs !== stampedMs) {
    stampedMs = nowMs;
    stamp = `,"time":"${new Date(nowMs).toISOString()}"`;
  }
  return stamp;
}
