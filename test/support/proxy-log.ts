import { type EventuallyOptions, eventually } from './deadline.ts';

/** One line of the proxy's JSON log. */
export type LogEvent = Readonly<Record<string, unknown>>;

/** Which lines are meant: those with all these fields at these values, or those that a function picks. */
export type EventFilter = LogEvent | ((event: LogEvent) => boolean);

/** Reads JSON lines as they come. Lines that are not JSON objects are no events. */
export class ProxyLog {
  readonly #lines: readonly string[];
  readonly #events: LogEvent[] = [];
  #read = 0;

  /** `lines` may go on growing. */
  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The events so far that fit, in order. */
  events(filter: EventFilter = {}): readonly LogEvent[] {
    for (; this.#read < this.#lines.length; this.#read++) {
      const event = parseEvent(this.#lines[this.#read] ?? '');
      if (event !== undefined) this.#events.push(event);
    }
    return this.#events.filter((event) => fits(event, filter));
  }

  /** The first event that fits, past or to come. */
  waitFor(filter: EventFilter, options: EventuallyOptions = {}): Promise<LogEvent> {
    const what = typeof filter === 'function' ? 'an event' : `an event with ${JSON.stringify(filter)}`;
    return eventually(what, () => this.events(filter)[0], options);
  }
}

function parseEvent(line: string): LogEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is LogEvent {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fits(event: LogEvent, filter: EventFilter): boolean {
  if (typeof filter === 'function') return filter(event);
  return Object.entries(filter).every(([name, value]) => event[name] === value);
}
