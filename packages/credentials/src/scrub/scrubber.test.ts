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

  it('gives the same for any bytes, and for secrets of any length at any place', () => {
    const property = fc.property(
      fc.uint8Array({ maxLength: 300, max: 3 }),
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 40, max: 3 }), { maxLength: 5 }),
      fc.array(fc.nat(299), { maxLength: 10 }),
      fc.array(fc.tuple(fc.nat(4), fc.nat(299)), { maxLength: 4 }),
      (bytes, patterns, cuts, planted) => {
        // Letters that look alike in every spelling, so that the reference needs no other.
        const text = [...bytes].map((byte) => 'abc-'[byte] ?? '');
        const secrets = patterns.map((pattern) => [...pattern].map((byte) => 'abc-'[byte] ?? '').join(''));
        for (const [which, at] of planted) text.splice(at, 0, ...(secrets[which] ?? ''));
        const whole = text.join('');
        const edges = [
          0,
          ...cuts.map((cut) => Math.min(cut, whole.length)).toSorted((a, b) => a - b),
          whole.length,
        ];
        const chunks = edges.slice(1).map((edge, index) => whole.slice(edges[index], edge));
        const output = scrubbed(chunks, secrets);
        expect(output).toBe(masked(whole, secrets));
        for (const secret of secrets) expect(output).not.toContain(secret);
      },
    );
    fc.assert(property, { numRuns: 2000 });
  });

  it.each([
    ["it's a/b+c=(1)", "it's%20a%2Fb%2Bc%3D(1)"],
    ["it's a/b+c=(1)", 'it%27s%20a%2Fb%2Bc%3D%281%29'],
    ["it's a/b+c=(1)", 'it%27s+a%2fb%2bc%3d%281%29'],
    ['a"b\\c/d', String.raw`a\"b\\c\/d`],
    ['pässword', 'p%C3%A4ssword'],
  ])('finds %s in the spelling %s', (secret, spelling) => {
    expect(scrubbed([`<${spelling}>`], [secret])).toBe(`<${'*'.repeat(spelling.length)}>`);
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
  it.each(['utf8', 'latin1'] as const)('masks a secret outside of ASCII that came in %s', (encoding) => {
    const sent = Buffer.from('pässword', encoding).toString('latin1');
    expect(scrubText(`you sent ${sent}.`, ['pässword'])).toBe(`you sent ${'*'.repeat(sent.length)}.`);
  });

  it('masks names as well, and leaves a text as it is that holds no secret', () => {
    expect(scrubFields([['x-s3cr3t', 'é']], ['s3cr3t'])).toEqual([['x-******', 'é']]);
    expect(scrubFields([], ['s3cr3t'])).toEqual([]);
    expect(scrubText('plain', [])).toBe('plain');
  });

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
