import { describe, expect } from 'vitest';
import { runProcess } from '../support/processes.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { setScene } from './scene.ts';
import { MAKERS } from './ways.ts';

const TIMEOUT_MS = 60_000;

describe.each(MAKERS)('what cannot be run, $title', (way) => {
  const test = (title: string, body: () => Promise<void>) => way.tests.test(title, body, TIMEOUT_MS);

  test('namespaces that are turned off are named, with what to turn on', async () => {
    const scene = untilTestEnds(await setScene(way));
    const { words, env } = scene.commandLine(['--', 'touch', 'started']);
    // In a user namespace of its own the limit can be set for what is below it.
    const line = 'echo 0 > /proc/sys/user/max_user_namespaces; "$@"';
    const { code, stderr } = await runProcess('unshare', ['-Urm', 'sh', '-c', line, 'sh', ...words], {
      cwd: scene.project,
      env,
    });
    expect(code).toBe(1);
    expect(stderr).toContain(
      'error: Cannot make a sandbox: user namespaces are turned off (user.max_user_namespaces is 0). Turn them on, as root: sysctl user.max_user_namespaces=15000.\n',
    );
  });

  test('a wrong allowlist is told before the command starts', async () => {
    const scene = untilTestEnds(await setScene(way));
    const { code, stdout, stderr } = await scene.run(['--allowed-domains', '*.com', '--', 'echo', 'started']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: Cannot .*"\*\.com"/);
  });

  test('a program that is not there is told with 127, a variable that is a credential with 2', async () => {
    const scene = untilTestEnds(await setScene(way));
    const missing = await scene.run(['--', 'no-such-program']);
    expect(missing).toMatchObject({
      code: 127,
      stderr:
        'error: Cannot run the command "no-such-program": there is no such program in PATH. Install it, or write its path.\n',
    });
    const secret = await scene.run(['--env', 'GH_TOKEN', '--', 'true'], { env: { GH_TOKEN: 'ghp_secret' } });
    expect(secret.code).toBe(2);
    expect(secret.stderr).toContain('Cannot pass the variable "GH_TOKEN": it holds a credential');
  });

  test('a home directory is not made writable by the way', async () => {
    const scene = untilTestEnds(await setScene(way));
    const { words, env } = scene.commandLine(['--', 'touch', 'made']);
    const [command = '', ...args] = words;
    const refused = await runProcess(command, args, { cwd: scene.home, env });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'your home directory is in this one. Change to the directory of a project',
    );
  });
});
