import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { collectBody, ReplayBuffer } from './request-body.ts';
import { StreamSource } from './stream-body.ts';

describe('collectBody()', () => {
  it('gives a whole body of exactly the limit', async () => {
    const body = new PassThrough();
    const collected = collectBody(new StreamSource(body), 6);
    body.write('abc');
    body.end('def');
    expect(await collected).toEqual({ kind: 'whole', bytes: Buffer.from('abcdef') });
  });

  it('stops at a byte too many, and reads no further', async () => {
    const body = new PassThrough();
    const collected = collectBody(new StreamSource(body), 5);
    body.write('abcdef');
    expect(await collected).toEqual({ kind: 'too-large' });
    expect(body.isPaused()).toBe(true);
  });

  it.each([undefined, new Error('reset')])('says so of one that is broken off (%s)', async (error) => {
    const body = new PassThrough();
    const collected = collectBody(new StreamSource(body), 5);
    body.on('error', () => undefined);
    body.write('ab');
    body.destroy(error);
    expect(await collected).toEqual({ kind: 'broken' });
  });
});

describe('ReplayBuffer', () => {
  it('keeps what passes up to its limit', () => {
    const kept = new ReplayBuffer(4);
    expect(kept.bytes).toEqual(Buffer.alloc(0));
    kept.push(Buffer.from('ab'));
    kept.push(Buffer.from('cd'));
    expect(kept.bytes?.toString()).toBe('abcd');
  });

  it('gives up for good beyond it: a part is no body', () => {
    const kept = new ReplayBuffer(4);
    kept.push(Buffer.from('abcde'));
    kept.push(Buffer.from('f'));
    expect(kept.bytes).toBeUndefined();
  });
});
