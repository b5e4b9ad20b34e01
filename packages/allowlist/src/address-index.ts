import type { Address, Words } from './address.ts';
import { type Cidr, maskWords } from './cidr.ts';

interface Entry {
  readonly id: number;
  readonly flags: number;
}

interface PrefixTable {
  readonly family: 4 | 6;
  readonly mask: Words;
  readonly entries: Map<number | string, Entry[]>;
}

/** Ids under address ranges: one look-up for each prefix length in use. */
export class AddressIndex {
  readonly #tables = new Map<number, PrefixTable>();

  /** Puts an id under a range. */
  add(cidr: Cidr, id: number, flags: number): void {
    const tableKey = cidr.family * 1000 + cidr.prefix;
    let table = this.#tables.get(tableKey);
    if (table === undefined) {
      table = { family: cidr.family, mask: cidr.mask, entries: new Map() };
      this.#tables.set(tableKey, table);
    }
    const key = keyOf(cidr.family, cidr.words);
    const entries = table.entries.get(key);
    if (entries === undefined) table.entries.set(key, [{ id, flags }]);
    else entries.push({ id, flags });
  }

  /** Calls `visit` for each id whose range holds the address. */
  forEachHolding(address: Address, visit: (id: number, flags: number) => void): void {
    for (const table of this.#tables.values()) {
      if (table.family !== address.family) continue;
      const entries = table.entries.get(keyOf(table.family, maskWords(address.words, table.mask))) ?? [];
      for (const { id, flags } of entries) visit(id, flags);
    }
  }
}

function keyOf(family: 4 | 6, words: Words): number | string {
  return family === 4 ? words[0] : words.join();
}
