/** Where a member says where it stands. */
export const PLACE: unique symbol = Symbol('place');

/** What can stand in a roster; in one at a time. */
export interface Member {
  /** Of the roster alone; undefined to begin with. */
  [PLACE]: number | undefined;
}

/**
 * All that is open, in no order. A `Set` would do the same, but not for long: whenever as many have gone as it has room
 * for, it makes a new table, and the old one points to the new one for the sake of iterators. Once such a table has grown
 * old it keeps all that follow alive, with what stood in them, until the next full collection: four of ten closed tunnels.
 */
export class Roster<M extends Member> {
  readonly #members: M[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: M): void {
    if (member[PLACE] !== undefined) return;
    member[PLACE] = this.#members.length;
    this.#members.push(member);
  }

  delete(member: M): void {
    const place = member[PLACE];
    if (place === undefined) return;
    member[PLACE] = undefined;
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    this.#members[place] = last;
    last[PLACE] = place;
  }

  /** Those that stand in it now, but for those that go before their turn. */
  *[Symbol.iterator](): Generator<M> {
    for (const member of [...this.#members]) {
      if (member[PLACE] !== undefined) yield member;
    }
  }
}
