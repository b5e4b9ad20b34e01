import { describe, expect, it } from 'vitest';
import { Outbox } from './outbox.ts';
import type { SecureStream } from './secure-stream.ts';

/** Keeps what is written, one entry a write; takes the bytes at once, as a stream must. */
class Written implements SecureStream {
  readonly destroyed = false;
  readonly writes: string[] = [];
  isTaken = true;
  write(bytes: Buffer): boolean {
    this.writes.push(bytes.toString('latin1'));
    return this.isTaken;
  }
  listen(): void {}
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

describe('Outbox', () => {
  it('sends what makes up a message at once', () => {
    const stream = new Written();
    const outbox = new Outbox(stream);
    outbox.writeText('head \xe4\r\n');
    outbox.write(Buffer.from('body'));
    expect(stream.writes).toEqual([]);
    outbox.flush();
    outbox.flush();
    expect(stream.writes).toEqual(['head \xe4\r\nbody']);
  });

  it('sends what nobody flushes at the end of the turn', async () => {
    const stream = new Written();
    new Outbox(stream).writeText('event');
    await Promise.resolve();
    expect(stream.writes).toEqual(['event']);
  });

  it('never mixes what two connections write in one turn', async () => {
    const [one, two] = [new Written(), new Written()];
    const [first, second] = [new Outbox(one), new Outbox(two)];
    first.writeText('a');
    second.writeText('1');
    first.writeText('b');
    second.flush();
    first.flush();
    second.writeText('2');
    await Promise.resolve();
    expect([one.writes, two.writes]).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ]);
  });

  it('keeps the order of what is too large for it', () => {
    const stream = new Written();
    const outbox = new Outbox(stream);
    outbox.writeText('a');
    outbox.write(Buffer.alloc(40_000, 'b'));
    outbox.writeText('c'.repeat(40_000));
    outbox.write(Buffer.alloc(32_768, 'd'));
    outbox.writeText('e');
    outbox.flush();
    expect(stream.writes.map((text) => [text[0], text.length])).toEqual([
      ['a', 1],
      ['b', 40_000],
      ['c', 40_000],
      ['d', 32_768],
      ['e', 1],
    ]);
  });

  it('says that its connection has enough, until it drained', () => {
    const stream = new Written();
    const outbox = new Outbox(stream);
    stream.isTaken = false;
    outbox.writeText('a');
    expect(outbox.isFull).toBe(false);
    outbox.flush();
    expect(outbox.isFull).toBe(true);
    outbox.drained();
    expect(outbox.isFull).toBe(false);
  });
});
