import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, utimes } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseWords } from '@paude/allowlist';
import { DEFAULT_ROUTES } from '@paude/credentials';
import { rotateAuthority } from '@paude/proxy';
import { describe, expect, it } from 'vitest';
import { componentTests } from '../support/components.ts';
import { runProcess, successful } from '../support/processes.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const main = fileURLToPath(new URL('../../apps/paude/src/main.ts', import.meta.url));

/** Where people have real credentials. */
const LOGINS = [
  '.config/gcloud/application_default_credentials.json',
  '.config/gcloud/credentials.db',
  '.claude/.credentials.json',
  '.codex/auth.json',
  '.config/gh/hosts.yml',
  '.aws/credentials',
  '.netrc',
  '.npmrc',
  '.git-credentials',
] as const;

/** A machine full of secrets: in every variable of the default table, in the files of its user, beside the CA. */
async function richMachine() {
  const home = untilTestEnds(await temporaryDirectory('rich'));
  const secrets: string[] = [];
  const secret = () => {
    const value = `real-${randomBytes(12).toString('hex')}`;
    secrets.push(value);
    return value;
  };
  for (const name of LOGINS) await home.write(`home/${name}`, secret());
  const variables = DEFAULT_ROUTES.flatMap(({ sources }) =>
    sources.map((source) => ('env' in source ? source.env : source.fileIn)),
  );
  const env: NodeJS.ProcessEnv = { PATH: process.env.PATH, HOME: home.join('home'), OWN_KEY: secret() };
  for (const name of variables) env[name] = secret();
  const { rules } = parseWords(['api.example.com']);
  await rotateAuthority(home.join('ca'), { patterns: rules.map(({ pattern }) => pattern) });
  const key =
    /BEGIN PRIVATE KEY-----\n([^-]+)/.exec(await readFile(home.join('ca/ca.key'), 'utf8'))?.[1] ?? '';
  secrets.push(...key.trim().split('\n'));
  const route = {
    name: 'own',
    from: { env: 'OWN_KEY' },
    inject: { type: 'bearer' },
    hosts: ['api.example.com'],
  };
  const login = {
    name: 'own-login',
    from: { file: home.join('home/.claude/.credentials.json') },
    inject: { type: 'oauth-refresh', provider: 'claude' },
    hosts: ['claude.example.com'],
  };
  await home.write('routes.json', JSON.stringify({ credentials: [route, login] }));
  const args = ['stubs', 'write', home.join('stubs'), '--ca-dir', home.join('ca'), '--output', 'json'];
  const write = async () => {
    const command = [main, ...args, '--credentials', home.join('routes.json')];
    const result = successful(await runProcess(process.execPath, command, { env }));
    const names = await readdir(home.join('stubs'));
    expect(names).toContain('claude-credentials.json');
    const contents = await Promise.all(names.map((name) => readFile(home.join('stubs', name), 'latin1')));
    return { result, contents };
  };
  return { home, secrets, write };
}

/** Long before any file was written: a read is noted where this is older than the last change (relatime). */
const NEVER = new Date(0);

/** Which of these files somebody has read since `forgetReads`. */
async function readSince(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map(async (path) => ({ path, at: (await stat(path)).atime })));
  return found.filter(({ at }) => at.getTime() !== NEVER.getTime()).map(({ path }) => path);
}

async function forgetReads(paths: readonly string[]): Promise<void> {
  for (const path of paths) await utimes(path, NEVER, new Date());
}

/** Whether the file system keeps times of access. */
async function keepsAccessTimes(): Promise<boolean> {
  await using directory = await temporaryDirectory('access');
  const file = await directory.write('file', 'read me');
  await forgetReads([file]);
  await readFile(file);
  return (await readSince([file])).length === 1;
}

const accessTimes = componentTests((await keepsAccessTimes()) ? [] : ['times of access']);

describe('paude stubs write', () => {
  it('writes nothing real', async () => {
    const { secrets, write } = await richMachine();
    const { result, contents } = await write();
    expect(JSON.parse(result.stdout).environment).toMatchObject({
      OWN_KEY: 'paude-proxy-managed',
      ANTHROPIC_API_KEY: 'paude-proxy-managed',
    });
    const everything = [result.stdout, result.stderr, ...contents].join('\n');
    expect(secrets.length).toBeGreaterThan(LOGINS.length + DEFAULT_ROUTES.length);
    for (const secret of secrets) expect(everything).not.toContain(secret);
    expect(everything).not.toContain('PRIVATE KEY');
  });

  accessTimes.test('reads no login of the user and no key of the authority to begin with', async () => {
    const { home, write } = await richMachine();
    const paths = [...LOGINS.map((name) => home.join('home', name)), home.join('ca/ca.key')];
    const certificate = home.join('ca/ca.crt');
    await forgetReads([...paths, certificate]);
    await write();
    expect(await readSince([...paths, certificate])).toEqual([certificate]);
  });
});
