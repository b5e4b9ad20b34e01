import { expect } from 'vitest';
import { pythonExecutable } from '../../../../test/support/clients.ts';
import { requireComponent } from '../../../../test/support/components.ts';
import { runProcess, successful } from '../../../../test/support/processes.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { certifiModule } from './certifi-module.ts';

const BUNDLE = '-----BEGIN CERTIFICATE-----\n';

async function python(args: readonly string[]) {
  const directory = untilTestEnds(await temporaryDirectory('certifi'));
  await directory.write('certifi.py', certifiModule('ca-bundle.pem'));
  const bundle = await directory.write('ca-bundle.pem', BUNDLE);
  const env = { PATH: process.env.PATH, PYTHONPATH: directory.path, PYTHONDONTWRITEBYTECODE: '1' };
  // Without what the machine's own Python does to certifi when it starts.
  const { stdout } = successful(await runProcess(await pythonExecutable(), ['-S', ...args], { env }));
  return { stdout, bundle };
}

requireComponent('python3').describe('certifiModule()', () => {
  for (const [how, program] of [
    ['the module', 'import certifi; print(certifi.where()); print(certifi.contents(), end="")'],
    ['its core', 'from certifi.core import contents, where; print(where()); print(contents(), end="")'],
    ['its core by name', 'import certifi.core as c; print(c.where()); print(c.contents(), end="")'],
  ]) {
    requireComponent('python3').test(`names the bundle to a program that imports ${how}`, async () => {
      const { stdout, bundle } = await python(['-c', program ?? '']);
      expect(stdout).toBe(`${bundle}\n${BUNDLE}`);
    });
  }

  requireComponent('python3').test('names the bundle on the command line', async () => {
    const { stdout, bundle } = await python(['-m', 'certifi']);
    expect(stdout).toBe(`${bundle}\n`);
  });
});
