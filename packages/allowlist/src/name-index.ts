const DOT = 46;
const HASH_MULTIPLIER = 0x01000193;

// A record is two 32-bit words and the bytes of a name. The second word holds the flags of the first entry under the name,
// the name's length, and whether there are more entries. Short records matter: most then lie within one cache line.
const ID = 0;
const INFO = 1;
const HEADER_WORDS = 2;
const FLAGS_MASK = 0xffff;
const LENGTH_SHIFT = 16;
const LENGTH_MASK = 0xff;
const HAS_MORE = 1 << 24;

/** How a slot is divided: with its few bits of hash most names that are not meant need not be read. */
const RECORD_MASK = 0x03ffffff;
const TAG_MASK = ~RECORD_MASK;

/** Entries of a name that are searched for a repetition; more are taken as they come. */
const MAX_SEARCHED = 32;

interface Entry {
  readonly id: number;
  readonly flags: number;
}

/** Receives what `NameIndex.forEachEnd()` finds; `start` is where the name begins in the host. */
export type EntryVisitor = (id: number, flags: number, start: number) => void;

/**
 * Ids under names, found by the ends of a host: one look-up a label, whatever the number of names. A name, its id and its
 * flags lie side by side in one buffer, because with a million names the time goes into cache misses.
 */
export class NameIndex {
  /** Six bits of a name's hash, and behind them the number of its record; zero when free. */
  readonly #slots: Uint32Array;
  readonly #slotMask: number;
  #words: Int32Array<ArrayBuffer>;
  #bytes: Uint8Array<ArrayBuffer>;
  #usedWords = 0;
  /** The entries behind the first of a name, by its record. */
  readonly #more = new Map<number, Entry[]>();
  /** Whether there are names of so many labels: most look-ups of other lengths need not be made. */
  readonly #hasLabelCount = new Uint8Array(129);
  /** Hashes and starts of the ends of the host at hand. */
  readonly #endHashes = new Uint32Array(129);
  readonly #endStarts = new Int32Array(129);

  /** An index for up to `capacity` entries. */
  constructor(capacity: number) {
    // At most half full, so that a look-up of an absent name rarely probes twice.
    const slotCount = 2 ** Math.max(3, Math.ceil(Math.log2(Math.max(1, capacity) * 2)));
    this.#slots = new Uint32Array(slotCount);
    this.#slotMask = slotCount - 1;
    // Room for names of usual length; pages that are never written take no memory.
    this.#words = new Int32Array(Math.max(64, capacity * 10));
    this.#bytes = new Uint8Array(this.#words.buffer);
  }

  /**
   * Puts an entry behind those under the same name, unless `same` holds for one of the first of those that have its flags.
   * `name` is a canonical host of at most 253 characters; `flags` has 16 bits.
   */
  add(name: string, id: number, flags: number, same: (otherId: number) => boolean): void {
    let hash = 0;
    let labels = 1;
    for (let index = name.length - 1; index >= 0; index--) {
      const code = name.charCodeAt(index);
      if (code === DOT) labels++;
      hash = Math.imul(hash ^ code, HASH_MULTIPLIER);
    }
    const slot = this.#slotOf(name, 0, hash >>> 0);
    const record = recordOf(this.#slots[slot] ?? 0);
    if (record >= 0) {
      this.#addBehind(record, { id, flags }, same);
      return;
    }
    this.#slots[slot] = ((hash & TAG_MASK) | (this.#append(name, id, flags) / 2 + 1)) >>> 0;
    this.#hasLabelCount[labels] = 1;
  }

  /** Calls `visit` for each entry whose name is the host or a parent domain of it. */
  forEachEnd(host: string, visit: EntryVisitor): void {
    // Hashes first and look-ups then: these do not wait for one another, and so their cache misses overlap.
    let ends = 0;
    let labels = 0;
    let hash = 0;
    for (let index = host.length - 1; index >= -1; index--) {
      const code = index < 0 ? DOT : host.charCodeAt(index);
      if (code === DOT && this.#hasLabelCount[++labels] === 1) {
        this.#endHashes[ends] = hash;
        this.#endStarts[ends++] = index + 1;
      }
      hash = Math.imul(hash ^ code, HASH_MULTIPLIER);
    }
    for (let end = 0; end < ends; end++) {
      const start = this.#endStarts[end] ?? 0;
      const slot = this.#slotOf(host, start, this.#endHashes[end] ?? 0);
      const record = recordOf(this.#slots[slot] ?? 0);
      if (record < 0) continue;
      const info = this.#word(record + INFO);
      visit(this.#word(record + ID), info & FLAGS_MASK, start);
      if ((info & HAS_MORE) === 0) continue;
      for (const { id, flags } of this.#more.get(record) ?? []) visit(id, flags, start);
    }
  }

  #addBehind(record: number, entry: Entry, same: (otherId: number) => boolean): void {
    const info = this.#word(record + INFO);
    if ((info & FLAGS_MASK) === entry.flags && same(this.#word(record + ID))) return;
    const entries = this.#more.get(record);
    if (entries === undefined) {
      this.#more.set(record, [entry]);
      this.#words[record + INFO] = info | HAS_MORE;
      return;
    }
    const last = Math.min(entries.length, MAX_SEARCHED);
    for (let index = 0; index < last; index++) {
      const other = entries[index];
      if (other?.flags === entry.flags && same(other.id)) return;
    }
    entries.push(entry);
  }

  /** The slot of the name that stands in `text` from `start` on: its own, or the free one where it would go. */
  #slotOf(text: string, start: number, hash: number): number {
    const tag = hash & TAG_MASK;
    let position = (hash ^ (hash >>> 15)) & this.#slotMask;
    for (;;) {
      const entry = this.#slots[position] ?? 0;
      if (entry === 0) return position;
      if ((entry & TAG_MASK) === tag && this.#hasName(recordOf(entry), text, start)) return position;
      position = (position + 1) & this.#slotMask;
    }
  }

  #hasName(record: number, text: string, start: number): boolean {
    const length = text.length - start;
    if (((this.#word(record + INFO) >>> LENGTH_SHIFT) & LENGTH_MASK) !== length) return false;
    const offset = (record + HEADER_WORDS) * 4;
    for (let index = 0; index < length; index++) {
      if (this.#bytes[offset + index] !== text.charCodeAt(start + index)) return false;
    }
    return true;
  }

  #append(name: string, id: number, flags: number): number {
    const record = this.#usedWords;
    // Records begin at even words, so that their numbers go twice as far.
    this.#usedWords += HEADER_WORDS + Math.ceil(name.length / 8) * 2;
    if (this.#usedWords / 2 > RECORD_MASK)
      throw new RangeError('the names of the rules take more than 512 MB');
    if (this.#usedWords > this.#words.length) {
      const grown = new Int32Array(Math.max(this.#usedWords, this.#words.length * 2));
      grown.set(this.#words);
      this.#words = grown;
      this.#bytes = new Uint8Array(grown.buffer);
    }
    this.#words[record + ID] = id;
    this.#words[record + INFO] = flags | (name.length << LENGTH_SHIFT);
    const offset = (record + HEADER_WORDS) * 4;
    for (let index = 0; index < name.length; index++) this.#bytes[offset + index] = name.charCodeAt(index);
    return record;
  }

  #word(index: number): number {
    return this.#words[index] ?? 0;
  }
}

/** The word where the record of a slot begins; negative when the slot is free. */
function recordOf(entry: number): number {
  return ((entry & RECORD_MASK) - 1) * 2;
}
