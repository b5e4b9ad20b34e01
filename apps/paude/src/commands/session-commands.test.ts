import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PaudeError } from '@paude/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Io } from '../io.ts';
import { reportFailure } from '../report-failure.ts';
import { rootCommand } from '../root-command.ts';
import { FakeSessions } from '../testing/fake-sessions.ts';
import { sessionCommands } from './session-commands.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'paude-cli-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** Runs a command line against sessions in memory. */
async function paude(sessions: FakeSessions, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const said = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof said) => ({
    isTTY: false,
    columns: 60,
    write(text: string) {
      said[name] += text;
      return true;
    },
  });
  const nothing = () => undefined;
  const io = {
    env: { PATH: process.env.PATH, HOME: directory, ...env },
    cwd: () => directory,
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    stdin: { isTTY: true, destroy: nothing },
    on: nothing,
    off: nothing,
  } as unknown as Io;
  const program = rootCommand(
    io,
    sessionCommands(io, async () => sessions),
  );
  let code = 0;
  try {
    await program.parseAsync(['node', 'paude', ...args]);
  } catch (error) {
    code = reportFailure(error, io);
  }
  return { code, ...said };
}

describe('which session is meant', () => {
  it('is the only one, or the one of this directory', async () => {
    const only = new FakeSessions([{ name: 'only' }]);
    expect(await paude(only, ['stop'])).toMatchObject({ code: 0, stdout: 'Stopped only.\n' });
    const several = new FakeSessions([{ name: 'far' }, { name: 'near', workspace: directory }]);
    await paude(several, ['stop']);
    expect(several.calls).toEqual(['stop near']);
  });

  it('is asked for when several may be, and nothing is done', async () => {
    const sessions = new FakeSessions([{ name: 'one' }, { name: 'two' }]);
    const { code, stderr } = await paude(sessions, ['stop']);
    expect(code).toBe(2);
    expect(stderr).toContain('it was not named, and there are 2. Name one of one, two.');
    expect(sessions.calls).toEqual([]);
  });

  it('is said to be missing, with the nearest one', async () => {
    const { code, stderr } = await paude(new FakeSessions([{ name: 'project' }]), ['stop', 'projekt']);
    expect(code).toBe(1);
    expect(stderr).toContain('there is no session of that name. Write project, or see paude list.');
    expect((await paude(new FakeSessions(), ['stop'])).stderr).toContain('Make one with paude create.');
  });
});

describe('paude list', () => {
  it('fits the terminal, and is whole as JSON', async () => {
    const workspace = `/home/someone/${'deep/'.repeat(20)}`;
    const sessions = new FakeSessions([
      { workspace, state: 'unreachable', problem: 'podman does not answer' },
    ]);
    const { stdout } = await paude(sessions, ['list']);
    expect(stdout.split('\n').every((line) => line.length <= 60)).toBe(true);
    expect(stdout).toContain('one: podman does not answer');
    expect(JSON.parse((await paude(sessions, ['sessions', '-o', 'json'])).stdout)[0]).toMatchObject({
      workspace,
      state: 'unreachable',
    });
    expect((await paude(sessions, ['list', '-o', 'name'])).stdout).toBe('one\n');
  });
});

describe('paude create', () => {
  it('makes what flags, paude.json and the user’s settings say, and tells what the project adds', async () => {
    await writeFile(
      join(directory, 'paude.json'),
      JSON.stringify({ allowedDomains: ['project.example.com'], setup: 'make' }),
    );
    const sessions = new FakeSessions();
    const { code, stderr } = await paude(
      sessions,
      [
        'create',
        'new',
        '--agent',
        'shell',
        '--allowed-domains',
        'a.example.com,b.example.com',
        '--memory',
        '1g',
      ],
      { GH_TOKEN: 'the-secret' },
    );
    expect(code, stderr).toBe(0);
    expect(sessions.specs).toMatchObject([
      {
        name: 'new',
        agent: 'shell',
        image: 'localhost/paude-session:built',
        allowedDomains: ['a.example.com', 'b.example.com', 'project.example.com'],
        resources: { memoryBytes: 2 ** 30 },
      },
    ]);
    expect(sessions.specs[0]?.secrets.variables).toEqual(new Map([['GH_TOKEN', 'the-secret']]));
    expect(sessions.specs[0]?.environment).not.toHaveProperty('GH_TOKEN');
    expect(stderr).toContain('note: the project adds to the allowlist: project.example.com\n');
    expect(stderr).toContain('note: the project sets setup; its image is built with the network open\n');
  });

  it('says what it would make and makes nothing, with credentials by name alone', async () => {
    const sessions = new FakeSessions();
    const { stdout } = await paude(sessions, ['create', 'new', '--dry-run', '-o', 'json'], {
      ANTHROPIC_API_KEY: 'the-secret',
    });
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'new',
      agent: 'claude',
      credentials: ['ANTHROPIC_API_KEY'],
      allowedDomains: [{ word: 'default', from: 'built in' }],
    });
    expect(stdout).not.toContain('the-secret');
    expect(sessions.specs).toEqual([]);
  });

  it('takes --allow-network for all, with a warning; a project may not say all', async () => {
    const sessions = new FakeSessions();
    const { stderr } = await paude(sessions, ['create', 'new', '--agent', 'shell', '--allow-network']);
    expect(stderr).toContain('warning: --allow-network is deprecated: write --allowed-domains all');
    expect(sessions.specs[0]?.allowedDomains).toEqual(['all']);
    await writeFile(join(directory, 'paude.json'), JSON.stringify({ allowedDomains: ['all'] }));
    expect((await paude(sessions, ['create', 'new'])).stderr).toContain(
      'they allow every host, and they come with the code',
    );
    expect(sessions.specs).toHaveLength(1);
  });

  it('puts no credential into the session', async () => {
    const { code, stderr } = await paude(new FakeSessions(), ['create', 'new', '--env', 'GH_TOKEN'], {
      GH_TOKEN: 'the-secret',
    });
    expect(code).toBe(2);
    expect(stderr).toContain('Cannot set the variable "GH_TOKEN": it holds a credential');
  });
});

describe('paude delete', () => {
  it('wants --confirm', async () => {
    const sessions = new FakeSessions([{}]);
    expect(await paude(sessions, ['delete', 'one'])).toMatchObject({ code: 2 });
    expect(sessions.calls).toEqual([]);
    await paude(sessions, ['delete', 'one', '--confirm']);
    expect(sessions.calls).toEqual(['delete one']);
  });

  it('forgets one whose backend does not answer only with --force', async () => {
    const sessions = new FakeSessions([{}]);
    const parts = { action: 'x', why: 'podman does not answer', remedy: 'Start it' };
    sessions.failure = new PaudeError('backend-unreachable', parts);
    expect((await paude(sessions, ['delete', 'one', '--confirm'])).stderr).toContain(
      'podman does not answer',
    );
    expect(sessions.calls).toEqual([]);
    expect((await paude(sessions, ['delete', 'one', '--confirm', '--force'])).code).toBe(0);
    expect(sessions.calls).toEqual(['forget podman one']);
  });
});

describe('paude exec', () => {
  it('takes the session in front of --, and gives back the exit code', async () => {
    const sessions = new FakeSessions([{}, { name: 'two' }]);
    expect((await paude(sessions, ['exec', 'two', '--', 'npm', 'test', '--', '-x'])).code).toBe(7);
    expect(sessions.calls).toEqual(['exec two npm test -- -x']);
    expect((await paude(sessions, ['exec', 'two', 'npm'])).stderr).toContain('there is no command behind --');
  });
});

describe('paude allowed-domains', () => {
  it('adds, removes and replaces', async () => {
    const change = async (...flags: string[]) => {
      const sessions = new FakeSessions([{ allowedDomains: ['default', 'a.example.com'] }]);
      const said = await paude(sessions, ['allowed-domains', 'one', ...flags]);
      return { calls: sessions.calls, ...said };
    };
    expect((await change()).stdout).toBe('default\na.example.com\n');
    expect((await change('--add', 'x.test,{a,b}.test')).calls).toEqual([
      'allow one default a.example.com x.test {a,b}.test',
    ]);
    expect((await change('--remove', 'a.example.com', '--add', 'x.test')).calls).toEqual([
      'allow one default x.test',
    ]);
    expect((await change('--replace', 'github')).calls).toEqual(['allow one github']);
    const missing = await change('--remove', 'b.example.com');
    expect(missing).toMatchObject({ code: 1, calls: [] });
    expect(missing.stderr).toContain('it does not stand there as a word of its own. Write a.example.com.');
    expect((await change('--replace', 'x', '--add', 'y')).code).toBe(2);
  });
});

describe('paude blocked-domains', () => {
  it('says what would allow each, unless a rule denies it by name', async () => {
    const { stdout } = await paude(new FakeSessions([{}]), ['blocked-domains', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject([
      { host: 'new.example.com', allow: 'paude allowed-domains one --add new.example.com' },
      { host: 'bad.example.com', reason: 'denied-by-rule' },
    ]);
    expect(JSON.parse(stdout)[1]).not.toHaveProperty('allow');
    const raw = await paude(new FakeSessions([{}]), ['blocked-domains', '--raw']);
    expect(JSON.parse(raw.stdout)).toMatchObject({ host: 'new.example.com', decision: 'deny' });
  });
});

describe('paude cleanup', () => {
  const dayMs = 86_400_000;
  const old = () => {
    const sessions = new FakeSessions([
      { name: 'idle' },
      { name: 'old', state: 'stopped', createdMs: Date.now() - 40 * dayMs },
      { name: 'young', state: 'stopped' },
      { name: 'far', state: 'unreachable', createdMs: Date.now() - 40 * dayMs },
    ]);
    sessions.lastActiveMs = Date.now() - dayMs;
    return sessions;
  };
  const limits = ['cleanup', '--backend', 'podman', '--idle', '12h', '--age', '30d'];

  it('stops what is idle and deletes what is old, and leaves what does not answer', async () => {
    const sessions = old();
    expect((await paude(sessions, [...limits, '--confirm'])).stdout).toBe('Stopped idle.\nDeleted old.\n');
    expect(sessions.calls).toEqual(['stop idle', 'delete old']);
  });

  it('does nothing in a dry run, and deletes nothing without --confirm', async () => {
    const sessions = old();
    expect((await paude(sessions, [...limits, '--dry-run'])).stdout).toContain('Would delete old.\n');
    expect((await paude(sessions, limits)).stderr).toContain('--age deletes sessions');
    expect((await paude(sessions, ['cleanup', '--idle', 'long'])).stderr).toContain('30m, 12h, 7d or 2w');
    expect(sessions.calls).toEqual([]);
  });
});

describe('paude config', () => {
  it('says where each value is from, and writes a file to begin with, once', async () => {
    expect(await paude(new FakeSessions(), ['config', 'init'])).toMatchObject({ code: 0 });
    const { stdout } = await paude(new FakeSessions(), ['config', 'show', '--agent', 'codex']);
    expect(stdout).toMatch(/^agent +codex +the command line$/m);
    expect(stdout).toContain(join(directory, 'paude.json'));
    expect((await paude(new FakeSessions(), ['config', 'init'])).stderr).toContain('they are there already');
    expect((await paude(new FakeSessions(), ['config', 'path'])).stdout).toBe(
      `${directory}/.config/paude/config.json\n`,
    );
  });
});

describe('paude cp', () => {
  it('copies in and out, and never over what is there', async () => {
    const sessions = new FakeSessions([{}]);
    await writeFile(join(directory, 'notes.txt'), 'remember');
    expect(await paude(sessions, ['cp', 'notes.txt', 'one:'])).toMatchObject({ code: 0, stderr: '' });
    expect(sessions.archive.toString()).toContain('remember');
    expect((await paude(sessions, ['cp', 'one:notes.txt', '.'])).stderr).toContain(
      'notes.txt is there already',
    );
    await rm(join(directory, 'notes.txt'));
    expect(await paude(sessions, ['cp', 'one:notes.txt', '.'])).toMatchObject({ code: 0, stderr: '' });
    expect(await readdir(directory)).toEqual(['notes.txt']);
    expect((await paude(sessions, ['cp', 'a', 'b'])).code).toBe(2);
    expect((await paude(sessions, ['cp', 'none.txt', 'one:'])).stderr).toContain('tar ended with 2');
  });
});

describe('paude completion', () => {
  it('completes commands, options and commands of commands in bash', async () => {
    const { stdout } = await paude(new FakeSessions(), ['completion', 'bash']);
    const complete = (...words: string[]) => {
      const line = words.map((word) => `'${word}'`).join(' ');
      const script = `${stdout}\nCOMP_WORDS=(${line}) COMP_CWORD=${words.length - 1}; _paude; echo "\${COMPREPLY[@]}"`;
      return spawnSync('bash', ['-c', script], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } }).stdout;
    };
    expect(complete('paude', 'allo')).toBe('allowed-domains\n');
    expect(complete('paude', 'remote', '')).toContain('add list remove cleanup');
    expect(complete('paude', 'delete', 'one', '--c')).toBe('--confirm\n');
  });

  it('is there for zsh and fish, and for no other', async () => {
    expect((await paude(new FakeSessions(), ['completion', 'zsh'])).stdout).toMatch(/^#compdef paude\n/);
    expect((await paude(new FakeSessions(), ['completion', 'fish'])).stdout).toContain('complete -c paude');
    expect((await paude(new FakeSessions(), ['completion', 'tcsh'])).code).toBe(2);
  });
});
