import type { AuditLine } from './audit-line.ts';
import type { Outcome, SeenTarget, Usage } from './usage.ts';

/** How much is kept. */
export interface CollectorOptions {
  /** Targets and their outcomes together; what comes when they are full is only counted. @default 100_000 */
  readonly maxEntries?: number;
}

/** Of one target: they are looked through one by one. */
const MAX_OUTCOMES = 200;

interface Counted {
  readonly host: string;
  readonly port: number;
  bytesUp: number;
  bytesDown: number;
  first: string;
  last: string;
  readonly outcomes: (Omit<Outcome, 'count'> & { count: number })[];
}

/** Adds lines up to usage. What it keeps grows with the distinct targets and reasons, never with the lines. */
export class UsageCollector {
  readonly #targets = new Map<string, Map<number, Counted>>();
  readonly #maxEntries: number;
  #entries = 0;
  #lines = 0;
  #unreadable = 0;
  #overflow = 0;

  constructor(options: CollectorOptions = {}) {
    this.#maxEntries = options.maxEntries ?? 100_000;
  }

  /** One more line: what it says, `other` when it is about no request, undefined when it could not be read. */
  add(line: AuditLine | 'other' | undefined): void {
    if (line === undefined) {
      this.#unreadable++;
      return;
    }
    this.#lines++;
    // Without a host nothing was asked for that an allowlist could name.
    if (line !== 'other' && line.host !== '') this.#count(line);
  }

  /** All that was added so far. */
  usage(): Usage {
    const targets = [...this.#targets.values()].flatMap((ports) => [...ports.values()].map(seenTarget));
    targets.sort((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : a.port - b.port));
    const times = targets.flatMap(({ firstMs, lastMs }) => [firstMs, lastMs]);
    return {
      targets,
      lines: this.#lines,
      unreadable: this.#unreadable,
      overflow: this.#overflow,
      firstMs: times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b)),
      lastMs: times.length === 0 ? undefined : times.reduce((a, b) => Math.max(a, b)),
    };
  }

  #count(line: AuditLine): void {
    const target = this.#target(line);
    if (target === undefined) {
      this.#overflow++;
      return;
    }
    if (line.time < target.first) target.first = line.time;
    if (line.time > target.last) target.last = line.time;
    if (line.isInner !== true) {
      target.bytesUp += line.bytesUp;
      target.bytesDown += line.bytesDown;
    }
    // How a request ended is nothing that was decided, unless a tunnel was cut.
    if (line.event === 'decision' || line.decision === 'deny') this.#countOutcome(target, line);
  }

  #target({ host, port, time }: AuditLine): Counted | undefined {
    const ports = this.#targets.get(host);
    const known = ports?.get(port);
    if (known !== undefined) return known;
    if (this.#entries >= this.#maxEntries) return undefined;
    this.#entries++;
    const target: Counted = { host, port, bytesUp: 0, bytesDown: 0, first: time, last: time, outcomes: [] };
    if (ports === undefined) this.#targets.set(host, new Map([[port, target]]));
    else ports.set(port, target);
    return target;
  }

  #countOutcome(target: Counted, line: AuditLine): void {
    const { event, decision, reason, rule, alias, reportOnly = false } = line;
    const known = target.outcomes.find(
      (outcome) =>
        outcome.reason === reason &&
        outcome.rule === rule &&
        outcome.decision === decision &&
        outcome.event === event &&
        outcome.alias === alias &&
        outcome.reportOnly === reportOnly,
    );
    if (known !== undefined) known.count++;
    else if (this.#entries >= this.#maxEntries || target.outcomes.length >= MAX_OUTCOMES) this.#overflow++;
    else {
      this.#entries++;
      target.outcomes.push({ event, decision, reason, rule, alias, reportOnly, count: 1 });
    }
  }
}

function seenTarget({ first, last, outcomes, ...target }: Counted): SeenTarget {
  const decided = outcomes.filter(({ event }) => event === 'decision');
  const sum = (wanted: (outcome: Outcome) => boolean): number =>
    decided.reduce((total, outcome) => total + (wanted(outcome) ? outcome.count : 0), 0);
  return {
    ...target,
    allowed: sum(
      ({ decision, reportOnly, reason }) => decision === 'allow' && !reportOnly && reason !== 'answered',
    ),
    denied: sum(({ decision }) => decision === 'deny'),
    wouldDeny: sum(({ decision, reportOnly }) => decision === 'allow' && reportOnly),
    firstMs: Date.parse(first),
    lastMs: Date.parse(last),
    outcomes,
  };
}
