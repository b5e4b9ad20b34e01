import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProcess, startProcess } from '../support/processes.ts';
import { ProxyLog } from '../support/proxy-log.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';

const main = fileURLToPath(new URL('../../apps/paude-proxy/src/main.ts', import.meta.url));

interface Daemon {
  readonly listen: string;
  readonly admin: string;
  /** Words of the rules in force. */
  readonly rules: readonly string[];
}

/** Starts the daemon with this file and this environment, and says what came of them. */
async function settingsOf(
  directory: TemporaryDirectory,
  file: object,
  env: NodeJS.ProcessEnv,
): Promise<Daemon> {
  const config = await directory.write('proxy.json', JSON.stringify(file));
  const own = { PATH: process.env.PATH, PAUDE_PROXY_CONFIG: config, ...env };
  const running = untilTestEnds(await startProcess(process.execPath, [main], { env: own }));
  const log = new ProxyLog(running.stdoutLines);
  const event = await log.waitFor({ event: 'listening' }, { timeoutMs: 15_000 });
  const { listen, admin } = event as unknown as { listen: string; admin: string };
  const { rules } = (await (await fetch(`http://${admin}/policy`)).json()) as { rules: { rule: string }[] };
  const health = await runProcess(process.execPath, [main, 'healthcheck'], {
    env: { ...own, PAUDE_PROXY_ADMIN: admin },
  });
  expect(health.code).toBe(0);
  return { listen, admin, rules: rules.map(({ rule }) => rule) };
}

describe('the daemon', () => {
  it('takes its settings from the file, the environment over them, and the words of both', async () => {
    const directory = untilTestEnds(await temporaryDirectory('daemon'));
    const file = { listen: '127.0.0.2:0', admin: '127.0.0.2:0', allowedDomains: ['a.example.com'] };
    const first = await settingsOf(directory, file, {
      PAUDE_PROXY_ADMIN: '127.0.0.1:0',
      ALLOWED_DOMAINS: 'b.example.com',
    });
    expect(first.listen).toMatch(/^127\.0\.0\.2:\d+$/);
    expect(first.admin).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(first.rules).toEqual(['a.example.com', 'b.example.com']);
  });
});
