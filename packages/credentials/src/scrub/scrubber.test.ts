import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { basic } from '../testing/request.ts';
import { shown } from '../testing/shown.ts';
import { createScrubber, scrubFields, scrubText } from './scrubber.ts';

/** What is to come out, computed plainly: every byte of every occurrence, overlapping ones too. */
function masked(text: string, secrets: readonly string[]): string {
  const bytes = Buffer.from(text);
  const output = Buffer.from(bytes);
  for (const secret of secrets) {
    const pattern = Buffer.from(secret);
    for (let at = 0; pattern.length > 0 && at + pattern.length <= bytes.length; at++) {
      if (bytes.subarray(at, at + pattern.length).equals(pattern)) output.fill('*', at, at + pattern.length);
    }
  }
  return output.toString();
}

function scrubbed(chunks: readonly string[], secrets: readonly string[]): string {
  const scrubber = createScrubber(secrets);
  return Buffer.concat([
    ...chunks.map((chunk) => scrubber.push(Buffer.from(chunk))),
    scrubber.flush(),
  ]).toString();
}

describe('createScrubber()', () => {
  it.each([
    [['token=s3cr3t;'], ['s3cr3t'], 'token=******;'],
    [['tok', 'en=s3', 'cr', '3t;'], ['s3cr3t'], 'token=******;'],
    [['s3cr', '3t'], ['s3cr3t'], '******'],
    [['s3cr'], ['s3cr3t'], 's3cr'],
    [['ababab'], ['abab'], '******'],
    [['aba', 'bab'], ['abab'], '******'],
    [['abab', 'ab'], ['abab'], '******'],
    [['xabcdx'], ['abc', 'bcd'], 'x****x'],
    [['xabc', 'dx'], ['abc', 'bcd'], 'x****x'],
    [['s3cr3t'], [], 's3cr3t'],
    [['s3cr3t'], [''], 's3cr3t'],
    [[''], ['s3cr3t'], ''],
    [['"a\\/b" a%2Fb a/b'], ['a/b'], '"****" ***** ***'],
  ])('makes %j without %j %s', (chunks, secrets, expected) => {
    expect(scrubbed(chunks, secrets)).toBe(expected);
  });

  it('gives the same as masking the whole text at once, however it is split', () => {
    const letters = fc.stringMatching(/^[ab]{0,40}$/);
    const secrets = fc.array(fc.stringMatching(/^[ab]{1,6}$/), { maxLength: 4 });
    const cuts = fc.array(fc.nat(40), { maxLength: 8 });
    fc.assert(
      fc.property(letters, secrets, cuts, (text, needles, at) => {
        const edges = [
          0,
          ...at.map((cut) => Math.min(cut, text.length)).toSorted((a, b) => a - b),
          text.length,
        ];
        const chunks = edges.slice(1).map((edge, index) => text.slice(edges[index], edge));
        expect(scrubbed(chunks, needles)).toBe(masked(text, needles));
      }),
      { numRuns: 2000 },
    );
  });

  it('holds nothing back that cannot be the beginning of a secret, so that events arrive at once', () => {
    const scrubber = createScrubber(['sk-ant-real-key']);
    expect(scrubber.push(Buffer.from('data: 1\n\n')).toString()).toBe('data: 1\n\n');
    expect(scrubber.push(Buffer.from('data: s')).toString()).toBe('data: ');
    expect(scrubber.push(Buffer.from('k-and\n\n')).toString()).toBe('sk-and\n\n');
    expect(scrubber.flush().length).toBe(0);
  });

  it('leaves the chunk that it was given as it is', () => {
    const chunk = Buffer.from('xs3cr3tx');
    expect(createScrubber(['s3cr3t']).push(chunk).toString()).toBe('x******x');
    expect(chunk.toString()).toBe('xs3cr3tx');
  });

  it('takes time that grows with the length of the text, also where the text is all almost-secrets', () => {
    const secret = `${'a'.repeat(200)}b`;
    const chunk = Buffer.from('a'.repeat(65_536));
    const time = (chunks: number) => {
      const scrubber = createScrubber([secret]);
      const start = performance.now();
      for (let index = 0; index < chunks; index++) scrubber.push(chunk);
      return performance.now() - start;
    };
    time(8);
    // Not a bound of speed: quadratic work would take a hundred times as long for ten times as much.
    expect(time(80)).toBeLessThan(40 * Math.max(time(8), 1));
  });

  it('shows no secret to whoever prints it', () => {
    expect(shown(createScrubber(['s3cr3t']))).not.toContain('s3cr3t');
  });
});

describe('scrubText() and scrubFields()', () => {
  it('masks what was sent, in the base64 of Basic, too', () => {
    const sent = basic('x-access-token:ghp_real').slice(6);
    const secrets = [sent, 'ghp_real'];
    expect(scrubText(`you sent Basic ${sent}`, secrets)).toBe(`you sent Basic ${'*'.repeat(sent.length)}`);
    expect(
      scrubFields(
        [
          ['x-echo', 'token ghp_real'],
          ['location', 'https://example.com/?t=ghp_real'],
          ['date', 'today é'],
        ],
        secrets,
      ),
    ).toEqual([
      ['x-echo', 'token ********'],
      ['location', 'https://example.com/?t=********'],
      ['date', 'today é'],
    ]);
  });
});
