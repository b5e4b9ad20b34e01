import { expect, test } from 'vitest';
import { knownBytes, sha256 } from './known-bytes.ts';

test('knownBytes() are the same every time and as many as asked for', async () => {
  const wanted = knownBytes(2_500_000);
  const streamed = Buffer.concat(await wanted.stream().toArray());
  expect(streamed.length).toBe(2_500_000);
  expect(sha256(streamed)).toBe(wanted.sha256);
  expect(sha256(Buffer.concat([...knownBytes(2_500_000).pieces()]))).toBe(wanted.sha256);
});

test('knownBytes() differ by seed and by length', () => {
  const sums = [knownBytes(10), knownBytes(11), knownBytes(10, 2)].map((bytes) => bytes.sha256);
  expect(new Set(sums).size).toBe(3);
});

test('knownBytes() of no length are none', () => {
  expect([...knownBytes(0).pieces()]).toEqual([]);
});
