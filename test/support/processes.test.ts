import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findCommand } from './commands.ts';
import { requireComponent } from './components.ts';
import { eventually } from './deadline.ts';
import { runProcess, startProcess } from './processes.ts';
import { untilTestEnds } from './teardown.ts';

const node = process.execPath;

test('runProcess() gives code, output and what it read', async () => {
  const script = 'process.stdin.pipe(process.stdout); console.error("err"); process.exitCode = 3';
  const result = await runProcess(node, ['-e', script], { input: 'in' });
  expect(result).toEqual({ code: 3, signal: undefined, stdout: 'in', stderr: 'err\n' });
});

test('runProcess() does not wait longer than told', async () => {
  const endless = runProcess(node, ['-e', 'setInterval(() => {}, 1000)'], { lifetimeMs: 300 });
  await expect(endless).rejects.toThrow('did not end in 300 ms');
});

test('runProcess() fails on what cannot be started', async () => {
  await expect(runProcess('no-such-program-here', [])).rejects.toThrow('ENOENT');
});

test('waitForLine() sees lines of both streams, past and to come', async () => {
  const script =
    'console.log("ready 42"); setTimeout(() => console.error("later"), 50); setInterval(() => {}, 1e3)';
  const running = untilTestEnds(await startProcess(node, ['-e', script]));
  expect((await running.waitForLine(/later$/))[0]).toBe('later');
  expect((await running.waitForLine(/^ready (\d+)$/))[1]).toBe('42');
  expect(await running.stop()).toEqual({ code: -1, signal: 'SIGTERM' });
});

test('waitForLine() tells when the program ended instead', async () => {
  const running = untilTestEnds(await startProcess(node, ['-e', 'console.error("broken"); process.exit(1)']));
  await expect(running.waitForLine(/ready/)).rejects.toThrow(/ended without \/ready\/: broken/);
});

test('stop() kills what does not stop, and says so', async () => {
  const script = 'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)';
  const running = untilTestEnds(await startProcess(node, ['-e', script]));
  await running.waitForLine(/up/);
  await expect(running.stop(100)).rejects.toThrow('to stop');
  expect(running.hasExited).toBe(true);
});

test('killing a process takes its children along', async () => {
  const script = `const { pid } = require('child_process').spawn('sleep', ['30']); console.log(pid); setInterval(() => {}, 1e3)`;
  const running = await startProcess(node, ['-e', script]);
  const child = Number((await running.waitForLine(/^\d+$/))[0]);
  await running.kill();
  await eventually('the grandchild to be gone', () => !isAlive(child));
});

test('requireComponent() says whether a command is there', () => {
  expect(findCommand('node')).toMatch(/\/node$/);
  expect(requireComponent('node').present).toBe(true);
  expect(requireComponent('node', 'no-such-program-here').present).toBe(false);
});

requireComponent('node').test('a test with its component runs', () => {
  expect(true).toBe(true);
});

requireComponent('no-such-program-here').test('a test without its component is skipped', () => {
  expect.unreachable();
});

/** A zombie, which nobody may be there to reap, counts as gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch {
    return false;
  }
}

function isZombie(pid: number): boolean {
  return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}
