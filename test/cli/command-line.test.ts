import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { requireComponent } from '../support/components.ts';
import { eventually } from '../support/deadline.ts';
import { runProcess, startProcess } from '../support/processes.ts';
import { rawConnect } from '../support/raw-client.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const main = `${repository}apps/paude/src/main.ts`;

/** Runs a shell line in the repository, with `$PAUDE` as the command, by the Node that runs this. */
async function shell(line: string, env: NodeJS.ProcessEnv = {}) {
  await using home = await temporaryDirectory('home');
  const own = { PATH: process.env.PATH, HOME: home.path, PAUDE: `${process.execPath} ${main}`, ...env };
  return await runProcess('/bin/bash', ['-c', line], { cwd: repository, env: own, lifetimeMs: 30_000 });
}

describe('the command paude', () => {
  it('runs by its name from the root of the repository', async () => {
    const { code, stdout } = await shell('npx --no-install paude --version');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it.each([
    ['a reader that stops early', '$PAUDE proxy --help | head -n 3'],
    ['a reader that never reads', '$PAUDE proxy --help | true'],
    ['an error that nobody reads', '$PAUDE proxy --sesame 2>&1 >/dev/null | true'],
  ])('ends quietly for %s', async (_what, line) => {
    const { stderr } = await shell(`set -o pipefail; ${line}`);
    expect(stderr).toBe('');
  });

  it('says that its output could not be written, with a code that no other failure has', async () => {
    const { code, stderr } = await shell('$PAUDE policy diff a.example.com b.example.com >/dev/full');
    expect({ code, stderr }).toEqual({
      code: 74,
      stderr: expect.stringContaining('Cannot write the output: ENOSPC'),
    });
  });

  it('says what is wrong to an older Node', async () => {
    // The launcher is plain JavaScript; what an old Node would do is shown by lying to it about its version.
    const lie = `Object.defineProperty(process.versions, 'node', { value: '18.20.0' })`;
    const program = `${lie}; await import('./apps/paude/bin/paude.js');`;
    const { code, stderr } = await shell(`node --input-type=module --eval "${program}"`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Cannot run paude "on Node 18\.20\.0": it needs Node 24 or newer\./);
    expect(existsSync(`${repository}apps/paude/bin/paude.js`)).toBe(true);
  });

  it('ends with 0 after Ctrl-C', async () => {
    const proxy = untilTestEnds(
      await startProcess(process.execPath, [main, 'proxy', '--listen', '127.0.0.1:0', '--admin', 'off']),
    );
    await proxy.waitForLine(/"event":"listening"/);
    proxy.signal('SIGINT');
    expect((await proxy.exited).code).toBe(0);
    expect(proxy.stderr).toBe('');
  });

  it('says why it cannot listen, and ends with 1', async () => {
    const flags = ['proxy', '--admin', 'off', '--listen'];
    const first = untilTestEnds(await startProcess(process.execPath, [main, ...flags, '127.0.0.1:0']));
    const [, port] = await first.waitForLine(/"listen":"127\.0\.0\.1:(\d+)"/);
    const second = await runProcess(process.execPath, [main, ...flags, `127.0.0.1:${port}`]);
    expect(second.code).toBe(1);
    expect(second.stderr).toBe(
      `error: Cannot listen on "127.0.0.1:${port}": something listens there already. Stop it, or choose another address (port 0 takes a free one).\n`,
    );
  });
});

requireComponent('script').describe('paude proxy at a terminal', () => {
  /** A terminal with a proxy in it; closing it is what closing its window would be. */
  async function openTerminal(env: NodeJS.ProcessEnv, listen = '127.0.0.1:0') {
    const flags = ['--listen', listen, '--admin', '127.0.0.1:0', '--allowed-domains', 'github'];
    const command = [process.execPath, main, 'proxy', ...flags].join(' ');
    const args = ['--quiet', '--return', '--flush', '--command', command, '/dev/null'];
    const own = { PATH: process.env.PATH, TERM: 'xterm', ...env };
    return untilTestEnds(await startProcess('script', args, { cwd: repository, env: own }));
  }

  it.each([
    ['in colour', {}, true],
    ['without colour where NO_COLOR is set', { NO_COLOR: '1' }, false],
  ])('tells in words how to use it, %s', async (_how, env, isColoured) => {
    const terminal = await openTerminal(env);
    await terminal.waitForLine(/^Point clients at it:/);
    await terminal.waitForLine(/curl --proxy http:\/\/127\.0\.0\.1:\d+ https:\/\/github\.com/);
    const [line] = await terminal.waitForLine(/^.*Proxy on 127\.0\.0\.1:\d+.*$/);
    expect(line.includes('\u001b[')).toBe(isColoured);
  });

  it('ends when the terminal is closed', async () => {
    const terminal = await openTerminal({});
    const [, port] = await terminal.waitForLine(/Proxy on 127\.0\.0\.1:(\d+)/);
    const target = { port: Number(port) };
    await (await rawConnect(target))[Symbol.asyncDispose]();
    await terminal.kill();
    const refused = () =>
      rawConnect(target).then(
        (open) => open[Symbol.asyncDispose]().then(() => false),
        () => true,
      );
    await eventually('the proxy to stop listening', refused);
  });
});
