import { expect, test } from 'vitest';
import { eventually, within } from './deadline.ts';

test('within() gives the value of a promise that settles in time', async () => {
  expect(await within(Promise.resolve(7), 'a number', 100)).toBe(7);
});

test('within() names what it waited for when time runs out', async () => {
  const never = new Promise(() => {});
  await expect(within(never, 'the reply', 20)).rejects.toThrow('Waited 20 ms in vain for the reply');
});

test('eventually() asks until there is an answer', async () => {
  let asked = 0;
  expect(await eventually('three', () => (++asked === 3 ? asked : undefined))).toBe(3);
});

test('eventually() gives up in bounded time', async () => {
  await expect(eventually('rain', () => false, { timeoutMs: 30 })).rejects.toThrow('in vain for rain');
});
