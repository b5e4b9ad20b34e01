import { describe, expect, it } from 'vitest';
import { type Member, PLACE, Roster } from './roster.ts';

class Named implements Member {
  readonly name: string;
  [PLACE]: number | undefined;
  constructor(name: string) {
    this.name = name;
  }
}

function filled(names: string): { roster: Roster<Named>; members: Named[]; names: () => string } {
  const roster = new Roster<Named>();
  const members = [...names].map((name) => new Named(name));
  for (const member of members) roster.add(member);
  return {
    roster,
    members,
    names: () =>
      [...roster]
        .map(({ name }) => name)
        .sort()
        .join(''),
  };
}

describe('Roster', () => {
  it('holds what was added and not deleted, whichever it is', () => {
    for (const gone of ['', 'a', 'b', 'd', 'ab', 'ad', 'cd', 'bcd', 'abcd']) {
      const { roster, members, names } = filled('abcd');
      for (const member of members) if (gone.includes(member.name)) roster.delete(member);
      const left = [...'abcd'].filter((name) => !gone.includes(name)).join('');
      expect([gone, names(), roster.size]).toEqual([gone, left, left.length]);
    }
  });

  it('counts nothing twice, and takes back what has gone', () => {
    const { roster, members, names } = filled('abc');
    const [a, b] = members as [Named, Named, Named];
    roster.add(a);
    roster.delete(b);
    roster.delete(b);
    expect([names(), roster.size]).toEqual(['ac', 2]);
    roster.add(b);
    expect([names(), roster.size]).toEqual(['abc', 3]);
    roster.delete(new Named('stranger'));
    expect(roster.size).toBe(3);
  });

  it('lets members come and go while it is read: those that have gone are not met any more', () => {
    const { roster, members } = filled('abcd');
    const met: string[] = [];
    for (const member of roster) {
      met.push(member.name);
      if (member.name === 'b') {
        for (const other of members) if (other.name !== 'd') roster.delete(other);
        roster.add(new Named('late'));
      }
    }
    expect(met).toEqual(['a', 'b', 'd']);
    expect([...roster].map(({ name }) => name).sort()).toEqual(['d', 'late']);
  });
});
