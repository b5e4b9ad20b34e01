import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { Podman, requirePodman } from '../podman/podman.ts';
import { authorityPem } from '../support/certificates.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { openSession } from './session.ts';

requirePodman().test('podman gives a container every variable of the file env as it is', async () => {
  const session = untilTestEnds(
    await openSession({ proxyUrl: 'http://127.0.0.1:3128', caPem: await authorityPem() }),
  );
  const podman = untilTestEnds(await Podman.create());
  const context = untilTestEnds(await temporaryDirectory('context'));
  await context.write('Containerfile', 'FROM scratch\nCOPY Containerfile /\n');
  await podman.run('build', '--quiet', '--tag', 'empty', context.path);

  // podman takes no quotes in the path of the file; in the file there are some.
  const file = await context.write('env', await readFile(`${session.directory}/env`));
  const id = await podman.run('create', '--network', 'none', '--env-file', file, 'empty', '/nothing');
  const variables: unknown = JSON.parse(await podman.run('inspect', '--format', '{{json .Config.Env}}', id));
  const expected = Object.entries(session.environment).map(([name, value]) => `${name}=${value}`);
  expect(variables).toEqual(expect.arrayContaining(expected));
});
