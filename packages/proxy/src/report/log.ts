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
  writeEventsWhole(logger);
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

/** How a pino logger makes a line of an object; `pino.symbols` names it for those who wrap a logger. */
type LineMaker = (this: Logger, event: object, message: unknown, level: number, time: string) => string;

/**
 * Lets `JSON.stringify` write events, which are flat and have no message. pino puts a line together from some sixty
 * strings, at eight times the cost: the two lines of a tunnel were half of what it left to the garbage collector.
 */
function writeEventsWhole(logger: Logger): void {
  const { asJsonSym } = pino.symbols;
  const parts = logger as unknown as Record<typeof asJsonSym, LineMaker>;
  const asPino = parts[asJsonSym];
  // Another pino may keep it elsewhere: then it writes its lines itself.
  if (asPino === undefined) return;
  parts[asJsonSym] = function asLine(event, message, level, time) {
    if (message !== undefined || 'err' in event) return asPino.call(this, event, message, level, time);
    return `{"level":"${logger.levels.labels[level]}"${time},${JSON.stringify(event).slice(1)}\n`;
  };
}

let stampedMs = 0;
let stampedSecond = 0;
let second = '';
let stamp = '';

/** RFC 3339 in UTC; made once a millisecond. */
function isoTimestamp(): string {
  const nowMs = Date.now();
  if (nowMs === stampedMs) return stamp;
  stampedMs = nowMs;
  const nowSecond = Math.floor(nowMs / 1000);
  if (nowSecond !== stampedSecond) {
    stampedSecond = nowSecond;
    second = new Date(nowMs).toISOString().slice(0, -4);
  }
  stamp = `,"time":"${second}${String(nowMs % 1000).padStart(3, '0')}Z"`;
  return stamp;
}
