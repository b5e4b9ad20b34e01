import { expect } from 'vitest';
import { authorityPem } from '../support/certificates.ts';
import { requireComponent } from '../support/components.ts';
import { gitServer } from '../support/git-server.ts';
import { startProxy } from '../support/proxy-process.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { openSession, type StubSession } from './session.ts';

const NAME = 'git.test';

requireComponent('git').test(
  'git reads from a server of the proxy’s authority with the stubs alone',
  async () => {
    const server = untilTestEnds(await gitServer({ project: { README: 'hello\n' } }, { tlsNames: [NAME] }));
    const local = ['--host', `${NAME}=127.0.0.1`, '--allow-private', '127.0.0.1/32'];
    const proxy = untilTestEnds(await startProxy([...local, '--allowed-domains', `${NAME}:${server.port}`]));
    const sessionFor = async (authority: string) =>
      untilTestEnds(await openSession({ proxyUrl: proxy.url, caPem: await authorityPem(authority) }));
    const url = `https://${NAME}:${server.port}${server.pathOf('project')}`;
    const list = (session: StubSession) =>
      session.run('git', ['ls-remote', url, 'main'], { env: { GIT_CONFIG_NOSYSTEM: '1' } });

    const works = await list(await sessionFor('test'));
    expect(works.code, works.stderr).toBe(0);
    expect(works.stdout).toBe(`${await server.headOf('project')}\trefs/heads/main\n`);
    // A session needs no credential helper: what it has not, the proxy puts on the request.
    expect(server.requests.every(({ authorization }) => authorization === undefined)).toBe(true);

    const reached = server.requests.length;
    const fails = await list(await sessionFor('stranger'));
    expect(fails.code).not.toBe(0);
    expect(fails.stderr).toMatch(/certificate verification failed|SSL certificate problem/);
    expect(server.requests.length).toBe(reached);
  },
);
