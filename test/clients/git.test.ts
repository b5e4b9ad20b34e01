import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { gitClient } from '../support/clients.ts';
import { requireComponent } from '../support/components.ts';
import { gitServer } from '../support/git-server.ts';
import { successful } from '../support/processes.ts';
import { startProxy } from '../support/proxy-process.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const NAME = 'git.test';

requireComponent('git').describe('git through the proxy', () => {
  it('clones and pushes over HTTPS', async () => {
    const server = untilTestEnds(
      await gitServer({ project: { 'README.md': 'hello\n' } }, { tlsNames: [NAME] }),
    );
    const flags = [
      '--host',
      `${NAME}=127.0.0.1`,
      '--allow-private',
      '127.0.0.1/32',
      '--allowed-domains',
      `${NAME}:${server.port}`,
    ];
    const proxy = untilTestEnds(await startProxy(flags));
    const directory = untilTestEnds(await temporaryDirectory('clone'));
    const clone = directory.join('project');
    const options = { proxy: proxy.url, trust: [server.certificate?.caPem ?? ''] };
    const url = `https://${NAME}:${server.port}${server.pathOf('project')}`;

    successful(await gitClient(['clone', url, clone], options));
    await writeFile(`${clone}/new.txt`, 'new\n');
    successful(await gitClient(['-C', clone, 'add', '.'], options));
    successful(await gitClient(['-C', clone, 'commit', '-m', 'Add a file'], options));
    successful(await gitClient(['-C', clone, 'push', 'origin', 'HEAD'], options));

    const { stdout } = await gitClient(['-C', clone, 'rev-parse', 'HEAD'], options);
    expect(await server.headOf('project')).toBe(stdout.trim());
    expect(await proxy.waitForEvent({ event: 'close' })).toMatchObject({
      decision: 'allow',
      host: NAME,
      sni: NAME,
    });
  });

  it('is refused when its host is not listed', async () => {
    const server = untilTestEnds(
      await gitServer({ project: { 'README.md': 'hello\n' } }, { tlsNames: [NAME] }),
    );
    const proxy = untilTestEnds(
      await startProxy(['--host', `${NAME}=127.0.0.1`, '--allow-private', '127.0.0.1/32']),
    );
    const directory = untilTestEnds(await temporaryDirectory('clone'));
    const url = `https://${NAME}:${server.port}${server.pathOf('project')}`;
    const { code, stderr } = await gitClient(['clone', url, directory.join('project')], { proxy: proxy.url });
    expect(code).not.toBe(0);
    expect(stderr).toContain('403');
    expect(await proxy.waitForEvent({ event: 'decision' })).toMatchObject({
      decision: 'deny',
      reason: 'empty-allowlist',
      host: NAME,
    });
    expect(server.requests).toEqual([]);
  });
});
