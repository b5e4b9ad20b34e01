import { expect } from 'vitest';
import { haveCommand } from '../support/commands.ts';
import { gitServer } from '../support/git-server.ts';
import { knownBytes } from '../support/known-bytes.ts';
import { successful } from '../support/processes.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { atHttpsPort, credentialLab, STUB, withOrigins } from './lab.ts';

const TOKEN = 'ghp_real0123456789abcdefghijklmnopqrst';
const NAME = 'github.com';

/** Files that are sent as a pack of more than git keeps in memory (`http.postBuffer`), so that it comes in chunks. */
const LARGE_BYTES = 3_000_000;

withOrigins(...(haveCommand('git') ? [] : ['git'])).test(
  'git clones, fetches and pushes over HTTPS with the token of the proxy, and asks for none',
  async () => {
    const auth = { username: 'x-access-token', password: TOKEN };
    const server = untilTestEnds(
      await atHttpsPort((place) =>
        gitServer({ project: { README: 'hello\n' } }, { tlsNames: [NAME], auth, ...place }),
      ),
    );
    const lab = untilTestEnds(
      await credentialLab({ origins: { [NAME]: server }, secrets: { GH_TOKEN: TOKEN } }),
    );
    const { home } = lab.session;
    const git = async (...args: readonly string[]) => {
      const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.test'];
      const env = { GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' };
      return successful(await lab.session.run('git', [...identity, ...args], { env }));
    };
    const clone = home.join('clone');
    await git('clone', '--quiet', `https://${NAME}${server.pathOf('project')}`, clone);
    expect(await git('-C', clone, 'show', 'HEAD:README')).toMatchObject({ stdout: 'hello\n' });

    await home.write('clone/large', Buffer.concat([...knownBytes(LARGE_BYTES).pieces()]));

    await git('-C', clone, 'add', '--all');
    await git('-C', clone, 'commit', '--quiet', '--message', 'Second');
    await git('-C', clone, 'push', '--quiet', 'origin', 'HEAD:main');
    const { stdout } = await git('-C', clone, 'rev-parse', 'HEAD');
    expect(await server.headOf('project')).toBe(stdout.trim());
    await git('-C', clone, 'fetch', '--quiet', 'origin');

    // Nobody is asked twice: git sends no credential at first, and the proxy puts one on all the same.
    expect(server.requests.length).toBeGreaterThan(4);
    expect(new Set(server.requests.map(({ status }) => status))).toEqual(new Set([200]));
    const basic = `Basic ${Buffer.from(`x-access-token:${TOKEN}`).toString('base64')}`;
    expect(new Set(server.requests.map(({ authorization }) => authorization))).toEqual(new Set([basic]));
    expect(await lab.proxy.waitForEvent({ event: 'close', method: 'POST' })).toMatchObject({
      route: 'github-git',
      credential: 'env:GH_TOKEN',
    });
  },
);

withOrigins(...(haveCommand('git') ? [] : ['git'])).test(
  'git may send the stub as its password, however it is told of it',
  async () => {
    const auth = { username: 'x-access-token', password: TOKEN };
    const server = untilTestEnds(
      await atHttpsPort((place) => gitServer({ other: { a: 'a' } }, { tlsNames: [NAME], auth, ...place })),
    );
    const lab = untilTestEnds(
      await credentialLab({ origins: { [NAME]: server }, secrets: { GH_TOKEN: TOKEN } }),
    );
    const env = { GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' };
    const list = (userinfo: string, ...flags: readonly string[]) =>
      lab.session.run('git', [...flags, 'ls-remote', `https://${userinfo}${NAME}${server.pathOf('other')}`], {
        env,
      });
    const header = Buffer.from(`x-access-token:${STUB}`).toString('base64');
    for (const [userinfo, ...flags] of [
      [`x-access-token:${STUB}@`],
      [`${STUB}@`],
      ['', '-c', `http.extraHeader=Authorization: Basic ${header}`],
    ] as const) {
      const { code, stderr } = await list(userinfo, ...flags);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    }
    const reached = server.requests.length;
    const stranger = await list(
      '',
      '-c',
      `http.extraHeader=Authorization: Basic ${btoa('x:ghp_of-somebody-else')}`,
    );
    expect(stranger.code).not.toBe(0);
    expect(stranger.stderr).toContain('403');
    expect(server.requests.length).toBe(reached);
  },
);
