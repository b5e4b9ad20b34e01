import { createScrubber } from '@paude/credentials';
import { describe, expect, it } from 'vitest';
import { BodyPipe } from './body-pipe.ts';
import type { BodySink, BodySource, BodyTaker } from './sides.ts';

/** A source that a test feeds, and a sink that keeps what it gets; `told` is all that happens, in its order. */
function ends() {
  const told: string[] = [];
  let taker: BodyTaker | undefined;
  const source: BodySource = {
    flowTo(next) {
      taker = next;
    },
    pause: () => void told.push('pause'),
    resume: () => void told.push('resume'),
  };
  const sink: BodySink & { isTaken: boolean } = {
    isTaken: true,
    onDrain: undefined,
    write(bytes) {
      told.push(bytes.toString());
      return sink.isTaken;
    },
  };
  const listener = {
    onBytes: ({ length }: Buffer) => void told.push(`${length} bytes`),
    onEnd: () => void told.push('end'),
    onBroken: (code?: string) => void told.push(`broken ${code}`),
  };
  const feed = (text: string) => taker?.onBytes(Buffer.from(text));
  return { told, source, sink, listener, feed, taker: () => taker };
}

describe('BodyPipe', () => {
  it('hands bytes on, tells of them first, and of the end', () => {
    const { told, source, sink, listener, feed, taker } = ends();
    new BodyPipe(source, sink, listener).start();
    feed('abc');
    feed('d');
    taker()?.onEnd();
    expect(told).toEqual(['3 bytes', 'abc', '1 bytes', 'd', 'end']);
  });

  it('lets the source wait for the sink', () => {
    const { told, source, sink, listener, feed } = ends();
    new BodyPipe(source, sink, listener).start();
    sink.isTaken = false;
    feed('a');
    sink.onDrain?.();
    expect(told).toEqual(['1 bytes', 'a', 'pause', 'resume']);
  });

  it('masks a secret however it is split, and gives back what only began like one', () => {
    const { told, source, sink, listener, feed, taker } = ends();
    new BodyPipe(source, sink, listener, createScrubber(['s3cret-0123'])).start();
    for (const piece of ['a s3cret-0123, s3cret', '-', '0', '123 and s3cre']) feed(piece);
    taker()?.onEnd();
    const text = told.filter((entry) => !/bytes|end/.test(entry)).join('');
    expect(text).toBe('a ***********, *********** and s3cre');
  });

  it('tells of a body that is broken off, and of no end', () => {
    const { told, source, sink, listener, feed, taker } = ends();
    new BodyPipe(source, sink, listener).start();
    feed('a');
    taker()?.onBroken('ECONNRESET');
    expect(told).toEqual(['1 bytes', 'a', 'broken ECONNRESET']);
  });
});
