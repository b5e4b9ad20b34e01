import { symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProcess } from '../support/processes.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { closingLine, type Tally } from './tally.ts';

const runTests = new URL('run-tests.ts', import.meta.url);

/** Runs these test files as the gate does, in a process of its own, and gives what it counted. */
async function tallyOf(files: Readonly<Record<string, string>>, config = ''): Promise<Tally> {
  await using directory = await temporaryDirectory('tally');
  await symlink(
    fileURLToPath(new URL('../../node_modules', import.meta.url)),
    directory.join('node_modules'),
  );
  await directory.write(
    'vitest.config.ts',
    `export default { test: { include: ['*.test.ts'], ${config} } };`,
  );
  for (const [name, text] of Object.entries(files)) {
    await directory.write(name, `import { beforeAll, describe, expect, it } from 'vitest';\n${text}\n`);
  }
  const program = `
    const { runTests } = await import(${JSON.stringify(runTests.href)});
    const tally = await runTests({ root: ${JSON.stringify(directory.path)} });
    console.log('\\n' + JSON.stringify(tally));
    process.exit(0);
  `;
  const { stdout } = await runProcess(process.execPath, ['--input-type=module', '--eval', program]);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Tally;
}

describe('the tally', () => {
  it('counts what passed, failed and was skipped, and names what was skipped', async () => {
    const tally = await tallyOf({
      'a.test.ts': `it('is right', () => {}); describe('a group', () => it.skip('waits [skipped: no squid here]', () => {}));`,
      'b.test.ts': `it('is wrong', () => expect(1).toBe(2)); it('is right too', () => {});`,
    });
    expect(tally).toEqual({
      passed: 2,
      failed: 1,
      skipped: ['a.test.ts > a group > waits [skipped: no squid here]'],
    });
    expect(closingLine(tally)).toBe('2 passed, 1 failed, 1 skipped');
  });

  it.each([
    ['a file that cannot be read', `throw new Error('no');`],
    ['a file without a test', ''],
    ['a hook that throws', `beforeAll(() => { throw new Error('no'); }); it('never runs', () => {});`],
    [
      'a hook of a group that throws',
      `describe('g', () => { beforeAll(() => { throw new Error('no'); }); it('never runs', () => {}); });`,
    ],
    [
      'an error that nobody catches',
      `it('is done', async () => { setTimeout(() => { throw new Error('late'); }, 0); await new Promise((r) => setTimeout(r, 50)); });`,
    ],
    ['an `only` that was forgotten', `it.only('alone', () => {}); it('others', () => {});`],
  ])('counts %s as a failure', async (_what, text) => {
    const tally = await tallyOf({ 'a.test.ts': text }, 'allowOnly: false');
    expect(tally.failed).toBeGreaterThan(0);
  });

  it('counts a run without any test file as a failure', async () => {
    expect(await tallyOf({})).toMatchObject({ passed: 0, failed: 1 });
  });
});
