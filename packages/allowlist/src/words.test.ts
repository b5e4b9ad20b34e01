import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitWords } from './index.ts';

describe('splitWords()', () => {
  it.each([
    ['', []],
    [' , ,', []],
    ['a.com', ['a.com']],
    ['a.com,b.com', ['a.com', 'b.com']],
    [' a.com , b.com, ', ['a.com', 'b.com']],
    ['{a,b}.example.com,c.com', ['{a,b}.example.com', 'c.com']],
    ['{a,{b,c}}.example.com', ['{a,{b,c}}.example.com']],
    ['x[a,b].example.com,c.com', ['x[a,b].example.com', 'c.com']],
    ['x.com:{80,443},c.com', ['x.com:{80,443}', 'c.com']],
    ['~^a{1,2}\\.com$,b.com', ['~^a{1,2}\\.com$', 'b.com']],
    ['~^a,b$,c.com', ['~^a,b$', 'c.com']],
    ['~^a$:8443,c.com', ['~^a$:8443', 'c.com']],
    ['~^a$:{80,443},c.com', ['~^a$:{80,443}', 'c.com']],
    ['!~^a,b$,c.com', ['!~^a,b$', 'c.com']],
    ['~^a\\$,b$,c.com', ['~^a\\$,b$', 'c.com']],
    ['~^(?:a$|b)$,c.com', ['~^(?:a$|b)$', 'c.com']],
    // Without its end the expression takes the rest, and is then refused as what it is.
    ['~^a,b.com', ['~^a,b.com']],
    ['a.com, ~^b,c$', ['a.com', '~^b,c$']],
    ['default,all', ['default', 'all']],
  ])('splits %j into %j', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it('gives back words joined by commas', () => {
    const word = fc.constantFrom(
      'a.com',
      '{a,b}.example.com',
      '~^a{1,2},b$',
      '!~^x$:8443',
      'x[a-c].example.com:{80,443}',
      '.x.com',
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(splitWords(words.join(','))).toEqual(words);
      }),
    );
  });
});
