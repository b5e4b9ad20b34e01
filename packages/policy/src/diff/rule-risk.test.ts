import { parseAllowlistFile, parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { ruleRisks } from './rule-risk.ts';

const riskOf = (words: readonly string[]) => {
  const allowlist = parseWords(words);
  const [first] = ruleRisks(allowlist.rules, allowlist, { atMs: 0 }).values();
  return [first?.risk, first?.why];
};

describe('ruleRisks()', () => {
  it.each([
    ['a.example.com', 'low', undefined],
    ['.example.com', 'low', undefined],
    ['a.example.com:80', 'low', undefined],
    ['a.example.com:8443', 'medium', undefined],
    ['a.example.com:*', 'medium', 'every port'],
    ['8.8.8.8', 'medium', undefined],
    ['8.0.0.0/7', 'high', 'wide range'],
    ['10.0.0.1', 'medium', 'special-use'],
    ['github.com', 'medium', 'repository'],
    ['.pastebin.com', 'high', 'post text'],
    ['*.github.io', 'high', 'subdomain'],
    ['~a.example.com$', 'high', 'anchored'],
    ['all', 'high', 'every host'],
  ])('%s is %s', (word, risk, why) => {
    const [found, said] = riskOf([word]);
    expect(found).toBe(risk);
    if (why === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(why);
  });

  it('tunnels without TLS are more than tunnels with it', () => {
    const allowlist = parseAllowlistFile('- { allow: a.example.com, tls: any }', { path: 'x' });
    expect([...ruleRisks(allowlist.rules, allowlist, { atMs: 0 }).values()]).toEqual([{ risk: 'medium' }]);
  });

  it('a deny takes back what a rule opens', () => {
    expect(riskOf(['.slack.com'])[0]).toBe('high');
    expect(riskOf(['.slack.com', '!hooks.slack.com', '!slack.com'])).toEqual(['low', undefined]);
  });
});
