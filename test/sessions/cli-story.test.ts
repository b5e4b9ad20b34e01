import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { Person } from './cli.ts';
import { Terminal } from './cli-terminal.ts';
import { requireSessions, SessionLab } from './lab.ts';

const SLOW_MS = 120_000;

requireSessions().describe('a session by the command line, from create to delete', () => {
  let lab: SessionLab;
  let person: Person;
  const paude = (...args: readonly string[]) => person.paude(...args);

  beforeAll(async () => {
    lab = await SessionLab.create();
    person = await Person.create(lab);
  }, 300_000);

  afterAll(async () => {
    await person?.[Symbol.asyncDispose]();
    await lab?.[Symbol.asyncDispose]();
  }, 120_000);

  it(
    'is made with the code of the repository in it, tags and all',
    async () => {
      expect(await paude('create', 'story', '--git', ...person.labFlags)).toContain(
        'git pull paude-story main',
      );
      expect(await person.git('remote', 'get-url', 'paude-story')).toBe('paude::story');
      expect(await paude('exec', '--', 'sh', '-c', 'cat README.md; git tag; git config user.name')).toBe(
        'one\nv1\nAda\n',
      );
    },
    SLOW_MS,
  );

  it('is found without its name, and listed', async () => {
    expect(JSON.parse(await paude('list', '--output', 'json'))).toMatchObject([
      { name: 'story', backend: 'podman', state: 'running', agent: 'shell', workspace: person.project },
    ]);
    expect(await paude()).toMatch(/^NAME +STATE +BACKEND[^\n]*\nstory +running +podman +shell/);
    expect(JSON.parse(await paude('status', '-o', 'json'))).toMatchObject({ name: 'story', proxy: 'ready' });
  });

  it(
    'gives back by git what its agent has committed, and takes what is pushed',
    async () => {
      await lab.backend.exec('story', {
        command: [
          ...['tmux', '-L', 'paude', 'send-keys', '-t', 'agent'],
          ...["echo two >> README.md; git commit -qam 'By the agent'; git tag v2; echo do''ne", 'Enter'],
        ],
      });
      await eventually('the agent to have committed', async () => (await paude('logs')).includes('\ndone'));
      await person.git('pull', '--quiet', '--tags', 'paude-story', 'main');
      expect(await readFile(`${person.project}/README.md`, 'utf8')).toBe('one\ntwo\n');
      expect(await person.git('log', '-1', '--format=%s by %an')).toBe('By the agent by Ada');
      expect(await person.git('tag')).toBe('v1\nv2');
      await person.home.write('project/more.txt', 'three\n');
      await person.git('add', '.');
      await person.git('commit', '--quiet', '--message', 'By the person');
      await person.git('push', '--quiet', 'paude-story', 'main');
      expect(await paude('exec', 'story', '--', 'cat', 'more.txt')).toBe('three\n');
    },
    SLOW_MS,
  );

  it('says what was blocked and how to allow it, and that helps', async () => {
    const ask = ['exec', '--', 'curl', '-sS', '-m', '10', 'http://other.test:8080/'];
    expect(await paude(...ask)).toContain('Blocked by the egress policy');
    const [blocked] = JSON.parse(await paude('blocked-domains', '-o', 'json'));
    expect(blocked).toMatchObject({ host: 'other.test', port: 8080, reason: 'not-listed' });
    expect(blocked.allow).toBe('paude allowed-domains story --add other.test:8080');
    await paude(...blocked.allow.split(' ').slice(1));
    await eventually('the new word to count', async () => (await paude(...ask)) === 'outside\n');
  });

  it(
    'is there as it was after stop and start: files, terminal, allowlist',
    async () => {
      await paude('stop');
      expect((await person.try('exec', '--', 'true')).stderr).toContain('the session does not run');
      const refused = await person.try('connect');
      expect(refused.code).toBe(1);
      await paude('start');
      expect(await paude('exec', '--', 'cat', 'more.txt')).toBe('three\n');
      expect(await paude('allowed-domains')).toBe('outside.test:*\nother.test:8080\n');
      await eventually('the terminal from before', async () => (await paude('logs')).includes('\ndone'));
    },
    SLOW_MS,
  );

  it(
    'is joined, left and joined again at a terminal, and its agent goes on meanwhile',
    async () => {
      await using terminal = await Terminal.open(person);
      await terminal.type('paude connect', 'Enter');
      await terminal.shows(/\[paude\] /);
      await terminal.type('for n in 1 2 3 4 5 6; do echo "tick $((n * 7))"; sleep 1; done', 'Enter');
      await terminal.shows(/^tick 7$/m);
      await terminal.type('C-b', 'd');
      await terminal.shows(/Left story; back to it: paude connect story/);
      await eventually('the agent to go on', async () => (await paude('logs')).includes('\ntick 42'), {
        timeoutMs: 20_000,
        intervalMs: 500,
      });
      await terminal.type('clear; paude attach story', 'Enter');
      await terminal.shows(/^tick 42$/m);
    },
    SLOW_MS,
  );

  it(
    'is deleted only with --confirm, and nothing is left of it',
    async () => {
      expect(await person.try('delete', 'story')).toMatchObject({ code: 2 });
      await paude('delete', 'story', '--confirm');
      expect(await lab.leftovers('story')).toEqual([]);
      expect(await person.git('remote')).toBe('');
      const state = await readdir(person.home.join('.local/state/paude'), { recursive: true });
      expect(state.filter((name) => name.includes('story'))).toEqual([]);
      expect((await person.try('status', 'story')).stderr).toContain('there is no session of that name');
    },
    SLOW_MS,
  );
});
