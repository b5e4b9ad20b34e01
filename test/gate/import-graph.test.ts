import { mkdir, realpath, symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { runProcess } from '../support/processes.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const config = `${repository}.dependency-cruiser.js`;

interface Cruised {
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { name: string };
    }[];
  };
  readonly modules: readonly {
    readonly source: string;
    readonly dependencies: readonly { resolved: string }[];
  }[];
}

/** Looks at the import graph of a directory as `npm run graph` does. */
async function cruise(directory: string): Promise<Cruised> {
  const { stdout, stderr } = await runProcess(
    `${repository}node_modules/.bin/depcruise`,
    ['--config', config, '--output-type', 'json', 'packages', 'apps', 'test'],
    { cwd: directory },
  );
  if (!stdout.startsWith('{')) throw new Error(`The graph could not be read: ${stdout}${stderr}`);
  return JSON.parse(stdout) as Cruised;
}

/** What a small house imports. The key is a file, the value its text. */
const house: Readonly<Record<string, string>> = {
  'packages/errors/src/index.ts': `export { a } from './a.ts';`,
  'packages/errors/src/a.ts': `import type { b } from './b.ts'; export const a: typeof b = 1;`,
  'packages/errors/src/b.ts': `import { a } from './a.ts'; export const b = a;`,
  'packages/allowlist/src/index.ts': `import '@paude/errors'; import '@paude/proxy'; export const up = 1;`,
  'packages/allowlist/src/reads.ts': `import { readFileSync } from 'node:fs'; readFileSync('x');`,
  'packages/allowlist/src/reads.test.ts': `import { readFileSync } from 'node:fs'; readFileSync('x');`,
  'packages/allowlist/src/types.ts': `import type { Stats } from 'node:fs'; export type S = Stats;`,
  'packages/allowlist/src/far.ts': `await import('@paude/sessions');`,
  'packages/proxy/src/index.ts': `import '@paude/allowlist'; export * from '@paude/policy';`,
  'packages/proxy/src/config/index.ts': `export const schema = 1;`,
  'packages/proxy/src/env.ts': `import { env } from 'node:process'; export { env };`,
  'packages/proxy/src/disposes.ts': `await using x = y; import '@paude/cluster';`,
  'packages/proxy/src/unlisted.ts': `import 'left-pad';`,
  'packages/policy/src/index.ts': `import '../../allowlist/src/index.ts'; export const p = 1;`,
  'packages/policy/src/deep.ts': `import '../../allowlist/src/types.ts';`,
  'packages/cluster/src/index.ts': `import '@paude/errors'; import 'paude';`,
  'packages/sessions/src/index.ts': `import '@paude/proxy/config'; import '@paude/cluster'; export const s = 1;`,
  'packages/sessions/src/engine.ts': `import '@paude/proxy';`,
  'packages/newcomer/src/index.ts': `import '@paude/errors';`,
  'apps/paude/src/main.ts': `import '@paude/sessions'; import '@paude/proxy'; import '../../daemon/src/main.ts';`,
  'apps/paude/src/spoiled.ts': `import './main.test.ts'; import '../../../test/support/thing.ts';`,
  'apps/paude/src/main.test.ts': `import '../../../test/support/thing.ts';`,
  'apps/daemon/src/main.ts': `import '@paude/proxy/src/env.ts';`,
  'test/support/thing.ts': `import '@paude/allowlist'; import '../../packages/proxy/src/env.ts';`,
};

/** Every rule, broken once: rule, file, what it imports. */
const broken: readonly (readonly [rule: string, from: string, to: string])[] = [
  ['arrow-of-allowlist', 'packages/allowlist/src/index.ts', 'packages/proxy/src/index.ts'],
  ['arrow-of-allowlist', 'packages/allowlist/src/far.ts', 'packages/sessions/src/index.ts'],
  ['arrow-of-proxy', 'packages/proxy/src/index.ts', 'packages/policy/src/index.ts'],
  ['arrow-of-proxy', 'packages/proxy/src/disposes.ts', 'packages/cluster/src/index.ts'],
  ['arrow-of-sessions', 'packages/sessions/src/engine.ts', 'packages/proxy/src/index.ts'],
  ['arrow-of-newcomer', 'packages/newcomer/src/index.ts', 'packages/errors/src/index.ts'],
  ['packages-know-no-app', 'packages/cluster/src/index.ts', 'apps/paude/src/main.ts'],
  ['no-app-imports-another', 'apps/paude/src/main.ts', 'apps/daemon/src/main.ts'],
  ['no-deep-imports', 'packages/policy/src/deep.ts', 'packages/allowlist/src/types.ts'],
  ['no-deep-imports-in-tests', 'test/support/thing.ts', 'packages/proxy/src/env.ts'],
  ['packages-by-name', 'packages/policy/src/index.ts', 'packages/allowlist/src/index.ts'],
  ['no-tests-in-production', 'apps/paude/src/spoiled.ts', 'apps/paude/src/main.test.ts'],
  ['no-tests-in-production', 'apps/paude/src/spoiled.ts', 'test/support/thing.ts'],
  ['pure-packages-do-no-io', 'packages/allowlist/src/reads.ts', 'fs'],
  ['pure-packages-do-no-io', 'packages/allowlist/src/types.ts', 'fs'],
  ['only-apps-have-a-process', 'packages/proxy/src/env.ts', 'process'],
  ['no-cycles', 'packages/errors/src/a.ts', 'packages/errors/src/b.ts'],
  ['no-unresolvable', 'apps/daemon/src/main.ts', '@paude/proxy/src/env.ts'],
  ['no-unlisted-dependencies', 'packages/proxy/src/unlisted.ts', 'node_modules/left-pad/index.js'],
];

/** What the house allows, though it looks like something that it forbids. */
const allowed: readonly (readonly [from: string, to: string])[] = [
  ['packages/allowlist/src/index.ts', 'packages/errors/src/index.ts'],
  ['packages/allowlist/src/reads.test.ts', 'fs'],
  ['packages/sessions/src/index.ts', 'packages/proxy/src/config/index.ts'],
  ['packages/sessions/src/index.ts', 'packages/cluster/src/index.ts'],
  ['apps/paude/src/main.ts', 'packages/proxy/src/index.ts'],
  ['apps/paude/src/main.test.ts', 'test/support/thing.ts'],
  ['test/support/thing.ts', 'packages/allowlist/src/index.ts'],
];

async function build(directory: TemporaryDirectory): Promise<void> {
  const manifests: Record<string, object> = {
    'package.json': { name: 'house', type: 'module', workspaces: ['packages/*', 'apps/*'] },
    'apps/paude/package.json': { name: 'paude', type: 'module', exports: { '.': './src/main.ts' } },
    'apps/daemon/package.json': { name: 'daemon', type: 'module' },
    'node_modules/left-pad/package.json': { name: 'left-pad', main: 'index.js' },
  };
  await mkdir(directory.join('node_modules', '@paude'), { recursive: true });
  const names = new Set(Object.keys(house).flatMap((file) => /^packages\/([^/]+)/.exec(file)?.[1] ?? []));
  for (const name of names) {
    const config = name === 'proxy' ? { './config': './src/config/index.ts' } : {};
    manifests[`packages/${name}/package.json`] = {
      name: `@paude/${name}`,
      type: 'module',
      exports: { '.': './src/index.ts', ...config },
    };
    await symlink(`../../packages/${name}`, directory.join('node_modules', '@paude', name));
  }
  await symlink('../apps/paude', directory.join('node_modules', 'paude'));
  for (const [file, manifest] of Object.entries(manifests)) {
    await directory.write(file, JSON.stringify(manifest));
  }
  await directory.write('node_modules/left-pad/index.js', '');
  for (const [file, text] of Object.entries(house)) await directory.write(file, `${text}\n`);
}

describe('the import graph', () => {
  let found: readonly string[] = [];

  beforeAll(async () => {
    await using directory = await temporaryDirectory('house');
    await build(directory);
    const { summary } = await cruise(await realpath(directory.path));
    found = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`);
  });

  it.each(broken)('finds a break of %s in %s, which imports %s', (rule, from, to) => {
    expect(found).toContain(`${rule}: ${from} → ${to}`);
  });

  it.each(allowed)('lets %s import %s', (from, to) => {
    expect(found.filter((violation) => violation.endsWith(`: ${from} → ${to}`))).toEqual([]);
  });

  it('is read from the TypeScript of this repository, types included', async () => {
    const { modules } = await cruise(repository);
    const importsOf = (file: string) =>
      modules.find(({ source }) => source === file)?.dependencies.map(({ resolved }) => resolved);
    expect(importsOf('apps/paude/src/commands/proxy.ts')).toContain('packages/proxy/src/index.ts');
    expect(importsOf('packages/proxy/src/engine/context.ts')).toContain('packages/allowlist/src/index.ts');
  });
});
