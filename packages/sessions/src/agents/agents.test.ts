import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { AGENT_ALIASES } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { runProcess } from '../../../../test/support/processes.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { AGENTS } from './agent-table.ts';
import { AGENT_NAMES, agentCommand, findAgent } from './find-agent.ts';
import { prepareScript } from './prepare-script.ts';

describe('the agents', () => {
  it('are those whose hosts the allowlist knows, and a plain shell', () => {
    expect([...AGENT_NAMES].sort()).toEqual([...AGENT_ALIASES, 'shell'].sort());
    expect(AGENT_NAMES[0]).toBe('claude');
  });

  it.each(AGENTS.map((agent) => [agent.name, agent] as const))(
    '%s fits into a script and a command line',
    (_name, agent) => {
      for (const { path } of agent.files) expect(path).toMatch(/^[\w.-]+(?:\/[\w.-]+)*$/);
      for (const path of Object.values(agent.logins)) expect(path).toMatch(/^[\w.-]+(?:\/[\w.-]+)*$/);
      expect(agent.command.length).toBeGreaterThan(0);
      // What is written into its home lies in a place that is known to be its own.
      for (const { path } of agent.files)
        expect(
          agent.configPlaces.some((place) => path === place || path.startsWith(`${place}/`)),
          path,
        ).toBe(true);
    },
  );
});

describe('findAgent()', () => {
  it('names the nearest one for a name that there is not', () => {
    expect(() => findAgent('cluade')).toThrow(
      'Cannot run the agent "cluade": there is none of that name. Write claude.',
    );
  });
});

describe('agentCommand()', () => {
  it('adds the agent’s own flag to act without asking', () => {
    expect(agentCommand(findAgent('claude'), { yolo: true })).toEqual([
      'claude',
      '--dangerously-skip-permissions',
    ]);
    expect(agentCommand(findAgent('claude'), { yolo: false })).toEqual(['claude']);
    expect(agentCommand(findAgent('shell'), { yolo: true })).toEqual(['bash', '--login']);
  });

  it('refuses for one that has no such flag', () => {
    expect(() => agentCommand(findAgent('openclaw'), { yolo: true })).toThrow(
      'it has no flag to act without asking',
    );
  });
});

describe('prepareScript()', () => {
  async function prepared(name: string, yolo: boolean) {
    const directory = untilTestEnds(await temporaryDirectory('agent'));
    const [home, stubs] = [directory.join('home'), directory.join('stubs')];
    await Promise.all([mkdir(home), mkdir(stubs)]);
    const script = prepareScript(findAgent(name), { yolo, stubs });
    const run = () => runProcess('/bin/sh', ['-c', script], { env: { HOME: home, PATH: process.env.PATH } });
    return { home, stubs, run };
  }

  it.each(AGENT_NAMES)('writes the files of %s, and leaves them alone when they are there', async (name) => {
    const { home, run } = await prepared(name, true);
    expect(await run()).toMatchObject({ code: 0, stderr: '' });
    for (const { path, content } of findAgent(name).files) {
      const text = await readFile(`${home}/${path}`, 'utf8');
      if (typeof content === 'string') expect(text).toBe(content);
      else expect(JSON.parse(text)).toEqual(content);
      await writeFile(`${home}/${path}`, 'mine');
    }
    expect(await run()).toMatchObject({ code: 0, stderr: '' });
    for (const { path } of findAgent(name).files)
      expect(await readFile(`${home}/${path}`, 'utf8')).toBe('mine');
  });

  it('writes what is only for acting without asking only then', async () => {
    const { home, run } = await prepared('claude', false);
    expect((await run()).code).toBe(0);
    await expect(readFile(`${home}/.claude/settings.json`, 'utf8')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('puts the stub login where the agent looks, anew each time', async () => {
    const { home, stubs, run } = await prepared('claude', false);
    await writeFile(`${stubs}/claude-credentials.json`, 'stub 1');
    expect((await run()).code).toBe(0);
    await writeFile(`${stubs}/claude-credentials.json`, 'stub 2');
    expect((await run()).code).toBe(0);
    expect(await readFile(`${home}/.claude/.credentials.json`, 'utf8')).toBe('stub 2');
  });
});
