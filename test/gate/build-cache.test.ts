import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { requireComponent } from '../support/components.ts';
import { runProcess } from '../support/processes.ts';
import { copyDependencies, copyRepository } from '../support/repository-copy.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** What the build depends on, besides the app itself: a file of each kind, and what breaks it. */
const broken: Readonly<Record<string, string>> = {
  'packages/errors/src/index.ts': 'export {',
  'packages/proxy/src/config/index.ts': 'export {',
  'packages/allowlist/package.json': '{',
  'rolldown.config.js': 'export default {',
  'apps/paude-proxy/src/main.ts': 'import {',
};

requireComponent('git', 'cp').test(
  'a build that was good once does not hide that it no longer is',
  async () => {
    await using copy = await temporaryDirectory('build-cache');
    await copyRepository(copy);
    await copyDependencies(copy);
    const build = async () => {
      const env = { PATH: process.env.PATH, HOME: copy.join('home') };
      const { code, stdout } = await runProcess('npm', ['run', 'build'], { cwd: copy.path, env });
      return { isGood: code === 0, isCached: / [1-9]\d* cached/.test(stdout) };
    };
    expect(await build()).toEqual({ isGood: true, isCached: false });
    expect(await build()).toEqual({ isGood: true, isCached: true });
    for (const [file, text] of Object.entries(broken)) {
      const good = await readFile(copy.join(file), 'utf8');
      await copy.write(file, text);
      expect({ file, ...(await build()) }).toMatchObject({ file, isGood: false });
      await copy.write(file, good);
    }
    expect(await build()).toEqual({ isGood: true, isCached: true });
  },
  120_000,
);
