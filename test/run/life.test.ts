import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { httpOrigin, textHandler } from '../support/origins.ts';
import { runProcess } from '../support/processes.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type Scene, setScene } from './scene.ts';
import { WAYS } from './ways.ts';

const TIMEOUT_MS = 60_000;

/** Processes that know of a scene: by their arguments or their working directory. */
function processesOf({ directory }: Scene): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(directory.path);
    } catch {
      return false;
    }
  });
}

/** What a run with credentials keeps in files while it goes on. */
function runDirectories({ directory }: Scene): readonly string[] {
  const base = directory.join('runtime', 'paude');
  return existsSync(base) ? readdirSync(base) : [];
}

describe.each(WAYS)('paude run, $title', (way) => {
  const test = (title: string, body: () => Promise<void>) => way.tests.test(title, body, TIMEOUT_MS);

  test('ends with the exit code of the command, and 128 and the number of the signal that ended it', async () => {
    const scene = untilTestEnds(await setScene(way));
    const codes = [];
    for (const line of ['exit 0', 'exit 7', 'kill -TERM $$', 'kill -KILL $$', 'exec /nonexistent']) {
      codes.push((await scene.run(['--', 'sh', '-c', line])).code);
    }
    expect(codes).toEqual([0, 7, 143, 137, 127]);
  });

  test('leaves standard input and output as they are', async () => {
    const scene = untilTestEnds(await setScene(way));
    const input = 'x'.repeat(300_000);
    const { stdout, stderr } = await scene.run(
      ['--', 'sh', '-c', 'cat; grep flags /proc/self/fdinfo/0 /proc/self/fdinfo/1 >&2'],
      { input },
    );
    expect(stdout).toBe(input);
    // 04000 is O_NONBLOCK: a program that shares the pipe would lose what it writes.
    expect(
      stderr.match(/flags:\s*(\d+)/g)?.every((flags) => (Number.parseInt(flags.slice(-6), 8) & 0o4000) === 0),
    ).toBe(true);
  });

  test('gives the command back its signals as they usually are', async () => {
    const scene = untilTestEnds(await setScene(way));
    const { stdout } = await scene.run([
      '--',
      'sh',
      '-c',
      'grep SigIgn /proc/self/status; yes | head -n 1; echo done',
    ]);
    const [, mask = ''] = /SigIgn:\s*(\w+)/.exec(stdout) ?? [];
    // Of those that a shell or Node would ignore for a command: HUP, INT, QUIT, USR1, USR2, PIPE, TERM, TSTP, TTIN, TTOU.
    const bits = [1, 2, 3, 10, 12, 13, 15, 20, 21, 22].filter(
      (signal) => (BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n,
    );
    expect(bits).toEqual([]);
    expect(stdout).toMatch(/y\ndone\n$/);
  });

  test('passes signals on, and lets the command end in its own way', async () => {
    const scene = untilTestEnds(await setScene(way));
    for (const [signal, name] of [
      ['SIGTERM', 'TERM'],
      ['SIGINT', 'INT'],
      ['SIGHUP', 'HUP'],
    ] as const) {
      const running = await scene.start([
        '--',
        'sh',
        '-c',
        `trap 'echo got ${name}; exit 9' ${name}; echo ready; while :; do sleep 0.05; done`,
      ]);
      await running.waitForLine(/^ready$/);
      running.signal(signal);
      expect((await running.exited).code).toBe(9);
      expect(running.stdout).toBe(`ready\ngot ${name}\n`);
    }
    expect(processesOf(scene)).toEqual([]);
  });

  test('ends a command that does not listen, at the second SIGTERM', async () => {
    const scene = untilTestEnds(await setScene(way));
    const running = await scene.start([
      '--',
      'sh',
      '-c',
      `trap '' TERM; echo ready; while :; do sleep 0.05; done`,
    ]);
    await running.waitForLine(/^ready$/);
    running.signal('SIGTERM');
    await sleep(300);
    expect(running.hasExited).toBe(false);
    running.signal('SIGTERM');
    expect((await running.exited).code).toBe(137);
    expect(processesOf(scene)).toEqual([]);
  });

  test('takes everything with it when it is killed, and the next run removes its files', async () => {
    const scene = untilTestEnds(await setScene(way));
    await runProcess('mkdir', ['-m', '700', scene.directory.join('runtime')]);
    if (way.uid !== undefined) await runProcess('chown', [String(way.uid), scene.directory.join('runtime')]);
    const env = { GH_TOKEN: 'ghp_of_a_test', XDG_RUNTIME_DIR: scene.directory.join('runtime') };
    const beat = `${scene.project}/beat`;
    const running = await scene.start(
      ['--', 'sh', '-c', `echo ready; while :; do date +%N > ${beat}; sleep 0.05; done`],
      { env },
    );
    await running.waitForLine(/^ready$/);
    expect(runDirectories(scene)).toHaveLength(1);
    running.signal('SIGKILL');
    await running.exited;
    await eventually('everything to end', () => processesOf(scene).length === 0);
    await sleep(300);
    const last = await readFile(beat, 'utf8');
    await sleep(300);
    expect(await readFile(beat, 'utf8')).toBe(last);
    expect(runDirectories(scene)).toHaveLength(1);

    expect((await scene.run(['--', 'true'], { env })).code).toBe(0);
    expect(runDirectories(scene)).toEqual([]);
  });

  test('leaves nothing behind that was not there before', async () => {
    const scene = untilTestEnds(await setScene(way));
    const { code } = await scene.run(
      ['--', 'sh', '-c', 'echo x > /tmp/left; echo x > /run/left; touch made'],
      {
        env: { GH_TOKEN: 'ghp_of_a_test', TMPDIR: scene.home },
      },
    );
    expect(code).toBe(0);
    expect(readdirSync(scene.project)).toEqual(['made']);
    // What was trusted of the project is kept.
    expect(readdirSync(scene.home).sort()).toEqual(['.local', 'project']);
    expect(existsSync('/tmp/left')).toBe(false);
    // Other tests mount at the same time, elsewhere.
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(scene.home);
    expect(processesOf(scene)).toEqual([]);
  });

  test('runs beside others that may reach something else', async () => {
    const [first, second] = [untilTestEnds(await setScene(way)), untilTestEnds(await setScene(way))];
    await using origin = await httpOrigin(textHandler('hello\n'), { host: '127.0.0.1', port: 0 });
    const flags = (name: string) => [
      '--host',
      `${name}=127.0.0.1`,
      '--allow-private',
      '127.0.0.1/32',
      '--allowed-domains',
      `${name}:${origin.port}`,
    ];
    const command = [
      '--',
      'sh',
      '-c',
      `for name in a b; do curl -s http://$name.test:${origin.port}/ | head -n 1; done`,
    ];
    const results = await Promise.all([
      first.run([...flags('a.test'), ...command]),
      second.run([...flags('b.test'), ...command]),
    ]);
    expect(results.map(({ stdout }) => stdout.split('\n').map((line) => line.slice(0, 7)))).toEqual([
      ['hello', 'Blocked', ''],
      ['Blocked', 'hello', ''],
    ]);
  });
});
