import { describe, expect, it } from 'vitest';
import { NameIndex } from './name-index.ts';

const found = (index: NameIndex, host: string): [id: number, flags: number, start: number][] => {
  const entries: [number, number, number][] = [];
  index.forEachEnd(host, (id, flags, start) => void entries.push([id, flags, start]));
  return entries;
};

const never = () => false;

describe('NameIndex', () => {
  it('finds the host itself and the domains above it, and where they begin', () => {
    const index = new NameIndex(4);
    index.add('example.com', 0, 7, never);
    index.add('a.b.example.com', 1, 8, never);
    index.add('com', 2, 9, never);
    index.add('ample.com', 3, 10, never);
    expect(found(index, 'a.b.example.com')).toEqual([
      [2, 9, 12],
      [0, 7, 4],
      [1, 8, 0],
    ]);
    expect(found(index, 'b.example.com')).toEqual([
      [2, 9, 10],
      [0, 7, 2],
    ]);
    expect(found(index, 'example.org')).toEqual([]);
    expect(found(new NameIndex(0), 'example.com')).toEqual([]);
  });

  it('keeps many entries of one name in order, and leaves repetitions out', () => {
    const index = new NameIndex(100);
    for (let id = 0; id < 100; id++) index.add('example.com', id, id % 2, (other) => id > 50 && other === 1);
    const ids = found(index, 'example.com').map(([id]) => id);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(ids).toContain(52);
    expect(ids).not.toContain(53);
  });

  it('finds each of a hundred thousand names, long and short, and nothing else', () => {
    const size = 100_000;
    const names = Array.from({ length: size }, (_, id) => {
      const label = (Math.imul(id, 2654435761) >>> 0).toString(36);
      return id % 1000 === 0
        ? `${label}.${'x'.repeat(60)}.${'y'.repeat(60)}.${'z'.repeat(60)}.${id}.com`
        : `${label}.${id % 7}.com`;
    });
    const index = new NameIndex(size);
    names.forEach((name, id) => void index.add(name, id, id & 0x7f, never));
    names.forEach((name, id) => {
      const [entry, ...rest] = found(index, `sub.${name}`);
      if (entry?.[0] !== id || entry[1] !== (id & 0x7f) || entry[2] !== 4 || rest.length > 0) {
        throw new Error(`${name} gave ${JSON.stringify([entry, ...rest])}`);
      }
      if (found(index, `x${name}`).length > 0) throw new Error(`x${name} was found`);
    });
  });
});
