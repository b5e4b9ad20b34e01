import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Turns } from './turns.ts';

describe('Turns', () => {
  it('lets the first begin at once, and each other when the one before has ended', async () => {
    const turns = new Turns(new PassThrough());
    const begun: number[] = [];
    expect(turns.take()).toBeUndefined();
    for (const number of [1, 2]) void turns.take()?.then(() => begun.push(number));
    await Promise.resolve();
    expect(begun).toEqual([]);
    turns.next();
    await Promise.resolve();
    expect(begun).toEqual([1]);
    turns.next();
    await Promise.resolve();
    expect(begun).toEqual([1, 2]);
    turns.next();
    expect(turns.take()).toBeUndefined();
  });

  it('reads no more from a connection where many wait, until some have had their turn', () => {
    const connection = new PassThrough();
    connection.resume();
    const turns = new Turns(connection);
    for (let count = 0; count < 16; count++) void turns.take();
    expect(connection.isPaused()).toBe(false);
    void turns.take();
    expect(connection.isPaused()).toBe(true);
    turns.next();
    expect(connection.isPaused()).toBe(false);
  });
});
