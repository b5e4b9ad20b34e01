import { describe, expect, it } from 'vitest';
import { aliasNames, expandAlias, findAlias, parseWords } from './index.ts';

describe('aliases', () => {
  it.each(aliasNames())('%s: every pattern of it parses, and every line of why is written', (name) => {
    expect(findAlias(name).why).not.toBe('');
    const entries = expandAlias(name);
    expect(entries.length).toBeGreaterThan(0);
    for (const { word, why } of entries) {
      expect(why).not.toBe('');
      expect(parseWords([word]).rules).toHaveLength(1);
    }
  });

  it('default is Vertex AI, Python, GitHub and the chosen agent', () => {
    const words = (agent?: string) => expandAlias('default', agent).map(({ word }) => word);
    expect(words()).toEqual(
      ['vertexai', 'python', 'github', 'claude'].flatMap((name) => expandAlias(name).map(({ word }) => word)),
    );
    expect(words('codex')).toContain('chatgpt.com');
    expect(words('codex')).not.toContain('claude.ai');
    expect(words('gemini').filter((word) => word === 'oauth2.googleapis.com')).toHaveLength(1);
  });

  it('an unknown agent or alias is refused with the ones there are', () => {
    expect(() => expandAlias('default', 'clod')).toThrow(/Name one of claude, codex/);
    expect(() => expandAlias('pyton')).toThrow(/Did you mean python\?/);
  });
});
