import type { RecordType } from 'dns-packet';

/** A question as it came. */
export interface DnsQuery {
  /** Lower case, without a trailing dot. */
  readonly name: string;
  /** As sent, with its upper and lower case. */
  readonly nameAsSent: string;
  readonly type: RecordType;
  readonly transport: 'udp' | 'tcp';
  /** `performance.now()` at arrival. */
  readonly atMs: number;
}

/** What a name answers with. A type that is not given has no data. */
export interface DnsRecords {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  /** An alias of another name of the zone; the chain is followed, as a recursive server does, at most 16 times. */
  readonly cname?: string;
  /** In seconds. @default 60 */
  readonly ttl?: number;
  /** How long the answer takes. @default 0 */
  readonly delayMs?: number;
  /** Answer over UDP, or over both, with the TC bit and nothing else. Answers too large for UDP do so by themselves. */
  readonly truncated?: 'udp' | 'always';
}

/** A reply: records, a failure, `drop` for no answer at all, or bytes of the test's own in place of a packet. */
export type DnsReply =
  | DnsRecords
  | 'nodata'
  | 'nxdomain'
  | 'servfail'
  | 'refused'
  | 'drop'
  | ((query: DnsQuery, packet: Buffer) => Buffer);

/** One reply for every query, or one for each in turn (counted by name and type), the last of which stays. */
export type DnsEntry = DnsReply | readonly DnsReply[];

/** Entries by name, lower case and without trailing dot. */
export type DnsZone = Readonly<Record<string, DnsEntry>>;

/** Chooses the reply whose turn it is, and counts. */
export class ZoneReader {
  readonly #entries: Map<string, DnsEntry>;
  readonly #turns = new Map<string, number>();

  constructor(zone: DnsZone) {
    this.#entries = new Map(Object.entries(zone));
  }

  set(name: string, entry: DnsEntry): void {
    this.#entries.set(name, entry);
    for (const key of this.#turns.keys()) if (key.startsWith(`${name} `)) this.#turns.delete(key);
  }

  /** A name that is not there does not exist. */
  next(name: string, type: RecordType): DnsReply {
    const entry = this.#entries.get(name) ?? 'nxdomain';
    if (!isSequence(entry)) return entry;
    const key = `${name} ${type}`;
    const turn = this.#turns.get(key) ?? 0;
    this.#turns.set(key, turn + 1);
    return entry[Math.min(turn, entry.length - 1)] ?? 'nxdomain';
  }
}

function isSequence(entry: DnsEntry): entry is readonly DnsReply[] {
  return Array.isArray(entry);
}
