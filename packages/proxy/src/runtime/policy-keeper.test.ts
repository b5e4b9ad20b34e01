import { rename, rm, symlink, writeFile } from 'node:fs/promises';
import { type Policy, parseHost } from '@paude/allowlist';
import type { PaudeError } from '@paude/errors';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../../../test/support/deadline.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { PolicyKeeper } from './policy-keeper.ts';
import { PolicySource } from './policy-source.ts';

/** A keeper of a file, with everything that it told. */
async function keeping(content: string, words: readonly string[] = []) {
  const directory = untilTestEnds(await temporaryDirectory('keeper'));
  const file = await directory.write('allowlist.yaml', content);
  const spoken = { words };
  const source = new PolicySource({
    words: async () => spoken.words,
    file,
    agent: undefined,
    extraPorts: [],
  });
  const first = await source.load(undefined);
  if (first === undefined) throw new Error('no policy');
  const state = { policy: first, changes: 0, failures: [] as PaudeError[] };
  const keeper = new PolicyKeeper(source, first, {
    changed: (policy) => {
      state.policy = policy;
      state.changes++;
    },
    failed: (error) => void state.failures.push(error),
  });
  untilTestEnds({ [Symbol.asyncDispose]: async () => keeper.stop() });
  return { directory, file, keeper, source, state, spoken };
}

const reasonFor = (policy: Policy, host: string): string => policy.decide(parseHost(host), 443).reason;

describe('PolicyKeeper', () => {
  it('puts a changed file in force, and says nothing of one that is the same', async () => {
    const { file, keeper, state } = await keeping('- a.test');
    await keeper.reload();
    expect(state.changes).toBe(0);
    await writeFile(file, '- b.test');
    await keeper.reload();
    expect(state.changes).toBe(1);
    expect(reasonFor(state.policy, 'b.test')).toBe('allowed-by-rule');
    expect(reasonFor(state.policy, 'a.test')).toBe('not-listed');
  });

  it('asks for the words at every load', async () => {
    const { keeper, state, spoken } = await keeping('- a.test', ['b.test']);
    spoken.words = ['c.test'];
    await keeper.reload();
    expect(reasonFor(state.policy, 'c.test')).toBe('allowed-by-rule');
    expect(reasonFor(state.policy, 'b.test')).toBe('not-listed');
  });

  it.each([
    ['no YAML', 'rules: [', 'file-invalid'],
    ['no allowlist', 'a: b', 'file-invalid'],
    ['a wrong pattern', '- a.test\n- "*.com"', 'pattern-invalid'],
  ])('keeps the last good one when the file is %s, and tells it once', async (_what, content, code) => {
    const { file, keeper, state } = await keeping('- a.test');
    await writeFile(file, content);
    await keeper.reload();
    await keeper.reload();
    expect(state.failures.map((error) => error.code)).toEqual([code]);
    expect(state.changes).toBe(0);
    expect(keeper.lastFailure).toContain('Cannot');
    await writeFile(file, '- a.test');
    await keeper.reload();
    expect(keeper.lastFailure).toBeUndefined();
    expect(state.changes).toBe(0);
  });

  it('keeps the last good one when the file is gone, and takes it up when it is back', async () => {
    const { file, keeper, state } = await keeping('- a.test');
    await rm(file);
    await keeper.reload();
    expect(state.failures.map((error) => error.why)).toEqual(['there is no such file']);
    expect(reasonFor(state.policy, 'a.test')).toBe('allowed-by-rule');
    await writeFile(file, '- b.test');
    await keeper.reload();
    expect(reasonFor(state.policy, 'b.test')).toBe('allowed-by-rule');
  });

  it('denies everything when the file is emptied: that is what it says', async () => {
    const { file, keeper, state } = await keeping('- a.test');
    await writeFile(file, '[]');
    await keeper.reload();
    expect(reasonFor(state.policy, 'a.test')).toBe('empty-allowlist');
  });

  it('loads once more for calls that come while it loads, and ends on the newest content', async () => {
    const { file, keeper, state } = await keeping('- a0.test');
    for (let round = 1; round <= 5; round++) {
      await writeFile(file, `- a${round}.test`);
      void keeper.reload();
    }
    await keeper.reload();
    await eventually('the newest', () => reasonFor(state.policy, 'a5.test') === 'allowed-by-rule');
  });

  it('follows the file by itself: written, replaced, and swapped behind a link', async () => {
    const { directory, file, keeper, state } = await keeping('- a.test');
    const inForce = (host: string) =>
      eventually(host, () => reasonFor(state.policy, host) === 'allowed-by-rule');
    keeper.watch(file);
    await writeFile(file, '- b.test');
    await inForce('b.test');
    await rename(await directory.write('next', '- c.test'), file);
    await inForce('c.test');
    await directory.write('..1/allowlist.yaml', '- d.test');
    await symlink('..1/allowlist.yaml', directory.join('link'));
    await rename(directory.join('link'), file);
    await inForce('d.test');
  });
});

describe('PolicyKeeper and rules that expire', () => {
  const soon = (ms: number) => new Date(Date.now() + ms).toISOString();

  it('takes a rule out of force when it expires, without being told', async () => {
    const { state } = await keeping(`- a.test\n- { allow: b.test, expires: "${soon(150)}" }`);
    expect(reasonFor(state.policy, 'b.test')).toBe('allowed-by-rule');
    await eventually('the expiry', () => reasonFor(state.policy, 'b.test') === 'rule-expired');
    expect(reasonFor(state.policy, 'a.test')).toBe('allowed-by-rule');
    expect(state.changes).toBe(1);
  });

  it('does so too while the file is bad or gone, and does not load in a circle', async () => {
    const { file, keeper, state, spoken } = await keeping(`- { allow: b.test, expires: "${soon(250)}" }`);
    await writeFile(file, 'rules: [');
    await keeper.reload();
    expect(state.failures).toHaveLength(1);
    let loads = 0;
    Object.defineProperty(spoken, 'words', {
      get: () => {
        loads++;
        return [];
      },
    });
    await eventually('the expiry', () => reasonFor(state.policy, 'b.test') === 'rule-expired');
    await expect(eventually('many loads', () => loads > 3, { timeoutMs: 200 })).rejects.toThrow('in vain');
    expect(state.failures).toHaveLength(1);
  });

  it('waits for an expiry that is further away than a timer can be', async () => {
    const { state } = await keeping('- { allow: b.test, expires: "9999-12-31" }');
    await expect(eventually('a change', () => state.changes > 0, { timeoutMs: 100 })).rejects.toThrow(
      'in vain',
    );
    expect(reasonFor(state.policy, 'b.test')).toBe('allowed-by-rule');
  });
});
