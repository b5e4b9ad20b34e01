import { copyFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProcess, successful } from '../support/processes.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

const CREDENTIALS = `
- name: example
  from: { env: EXAMPLE_TOKEN }
  inject: { type: bearer }
  hosts: [api.example.com]
`;

/** What is published runs without node_modules, and loads its parts when they are needed. */
describe('the bundle of paude', () => {
  let directory: TemporaryDirectory;

  beforeAll(async () => {
    directory = await temporaryDirectory('bundle');
    const config = `${repository}rolldown.config.js`;
    const args = ['--config', config, '--dir', directory.join('app')];
    const cwd = `${repository}apps/paude`;
    successful(await runProcess(`${repository}node_modules/.bin/rolldown`, args, { cwd }));
    await copyFile(`${cwd}/package.json`, directory.join('package.json'));
  }, 60_000);

  afterAll(() => directory?.remove());

  const paude = (...args: readonly string[]) =>
    runProcess(process.execPath, [directory.join('app/main.js'), ...args], { cwd: directory.path, env: {} });

  it('makes a certificate authority, and shows it', async () => {
    const credentials = await directory.write('credentials.yaml', CREDENTIALS);
    const made = await paude('ca', 'rotate', '--ca-dir', 'ca', '--credentials', credentials, '-o', 'json');
    expect(made.code, made.stderr).toBe(0);
    const shown = await paude('ca', 'show', '--ca-dir', 'ca', '-o', 'json');
    expect(shown).toMatchObject({ code: 0, stdout: made.stdout, stderr: '' });
    expect(JSON.parse(shown.stdout)).toMatchObject({ names: ['api.example.com'] });
    expect((await readdir(join(directory.path, 'ca'))).sort()).toEqual(['ca.crt', 'ca.key']);
  });

  it('brings the licenses of what it contains, and of nothing else', async () => {
    const notices = await readFile(directory.join('app/THIRD-PARTY-NOTICES.txt'), 'utf8');
    const packages = [...notices.matchAll(/^-{80}\n(\S+) \S+ \((.+)\)$/gm)].map(([, name]) => name);
    expect(packages).toEqual(expect.arrayContaining(['commander', 'pino', 'zod', '@peculiar/x509']));
    expect(packages.filter((name) => name?.startsWith('@paude/') || name === 'vitest')).toEqual([]);
    expect(notices).toContain('Permission is hereby granted, free of charge');
    expect(notices).not.toContain(repository);
    expect(notices).not.toContain('no license named');
  });

  it('ends with the code of what went wrong', async () => {
    const { code, stderr } = await paude('ca', 'show', '--ca-dir', 'nowhere');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('Cannot find the certificate'),
    });
    expect((await paude('ca', 'show', '--sesame')).code).toBe(2);
  });
});
