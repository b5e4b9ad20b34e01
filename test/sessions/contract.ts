import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import type { Backend, Progress, SessionSpec } from '@paude/sessions';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { runProcess, successful } from '../support/processes.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { inside, insideOk } from './inside.ts';

/** A backend under test; made before the first test runs, so asked for in each. */
export interface ContractSubject {
  readonly backend: Backend;
  /** A session of that name, with `outside.test:*` allowed and `other.test` not. */
  spec(name: string, more?: Partial<SessionSpec>): SessionSpec;
  /** What the backend's engine has of a session. */
  leftovers(name: string): Promise<readonly string[]>;
}

const SLOW_MS = 120_000;

/** What every backend must do. The tests are one story: each goes on where the one before it ended. */
export function backendContract(subject: () => ContractSubject): void {
  describe('the contract of backends', () => {
    const name = 'contract';
    const backend = () => subject().backend;
    const run = (script: string) => insideOk(backend(), name, script);

    it('says that it can be used', () => backend().check());

    it('knows no session that was not made', async () => {
      for (const attempt of [
        () => backend().start(name),
        () => backend().stop(name),
        () => backend().delete(name),
        () => backend().status(name),
        () => backend().exec(name, { command: ['true'] }),
        () => backend().allowedDomains(name),
        () => backend().setAllowedDomains(name, []),
        () => backend().logs(name, { of: 'proxy' }),
      ]) {
        await expect(attempt()).rejects.toMatchObject({ code: 'session-missing', input: name });
      }
    });

    it.each(['', 'A', '-x', 'a/b', '../a', 'x'.repeat(47), 'proxy-a'])(
      'refuses the name %j',
      async (wrong) => {
        await expect(backend().create(subject().spec(wrong))).rejects.toMatchObject({
          code: 'session-name-invalid',
        });
        await expect(backend().delete(wrong)).rejects.toMatchObject({ code: 'session-name-invalid' });
      },
    );

    it('refuses an allowlist that the proxy would not read, before anything is made', async () => {
      const spec = subject().spec(name, { allowedDomains: ['*.com'] });
      await expect(backend().create(spec)).rejects.toMatchObject({ code: 'pattern-invalid' });
      expect(await subject().leftovers(name)).toEqual([]);
    });

    it(
      'makes a session, the proxy before the agent, and says what it does',
      async () => {
        const steps: string[] = [];
        const progress: Progress = { step: (title) => steps.push(title), detail: () => {} };
        const before = Date.now();
        const spec = subject().spec(name, {
          environment: { COLOUR: 'light blue' },
          prepare: 'echo "prepared as $PAUDE_AGENT in $PWD" > ~/prepared',
          gitIdentity: { name: 'Some "One"', email: 'someone@example.com' },
          command: ['bash', '-c', 'echo the agent runs; exec bash --norc'],
        });
        const session = await backend().create(spec, { progress });
        expect(session).toMatchObject({
          name,
          backend: backend().name,
          state: 'running',
          agent: 'shell',
          image: spec.image,
          workspace: '/home/someone/project',
          allowedDomains: ['outside.test:*'],
          version: '1.2.3',
        });
        expect(session.createdMs).toBeGreaterThanOrEqual(before - 1_000);
        const proxyStep = steps.indexOf('Starting the proxy');
        expect(proxyStep).toBeGreaterThanOrEqual(0);
        expect(steps.indexOf('Starting the session')).toBeGreaterThan(proxyStep);
      },
      SLOW_MS,
    );

    it('makes it once', async () => {
      await expect(backend().create(subject().spec(name))).rejects.toMatchObject({ code: 'session-exists' });
      expect((await backend().status(name)).state).toBe('running');
    });

    it('lists it, and says how it is', async () => {
      expect((await backend().list()).map((session) => [session.name, session.state])).toContainEqual([
        name,
        'running',
      ]);
      const status = await eventually(
        'the agent to run',
        async () => {
          const found = await backend().status(name);
          return found.activity.running && found;
        },
        { timeoutMs: 20_000, intervalMs: 200 },
      );
      expect(status).toMatchObject({
        proxy: 'ready',
        resources: { cpus: 1, memoryBytes: 512 * 1024 * 1024, pids: 256 },
      });
      expect(Math.abs(Date.now() - (status.activity.lastMs ?? 0))).toBeLessThan(120_000);
    });

    it('runs commands in the workspace, as nobody in particular, with their input, output and exit code', async () => {
      expect(
        await inside(backend(), name, 'pwd; cat; echo oops >&2; exit 7', { input: 'the input' }),
      ).toEqual({
        code: 7,
        stdout: '/pvc/workspace\nthe input',
        stderr: 'oops\n',
      });
      expect(await run('id -g; [ "$(id -u)" -ne 0 ] && echo not root; echo "$COLOUR"')).toBe(
        '0\nnot root\nlight blue\n',
      );
      const more = { cwd: '/pvc', environment: { EXTRA: `it's "here"` } };
      expect((await inside(backend(), name, 'pwd; echo "$EXTRA"', more)).stdout).toBe(`/pvc\nit's "here"\n`);
      const binary = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
      const { stdout } = await inside(backend(), name, 'wc -c', { input: binary });
      expect(stdout.trim()).toBe('70000');
    });

    it('gives the session an identity for git, stubs for credentials, and its preparation', async () => {
      expect(await run('git config user.name; git config user.email')).toBe(
        'Some "One"\nsomeone@example.com\n',
      );
      expect(await run('cat ~/prepared')).toBe('prepared as shell in /pvc/workspace\n');
      expect(await run('cat ~/.config/gcloud/application_default_credentials.json')).toContain(
        'paude-proxy-managed',
      );
      expect(await run('stat -f -c %T /credentials')).toBe('tmpfs\n');
      expect(await run('test -s "$SSL_CERT_FILE" && echo trusted')).toBe('trusted\n');
    });

    it('shows what the terminal shows, also as it comes', async () => {
      expect(await text(await backend().logs(name, { of: 'agent' }))).toContain('the agent runs');
      const stream = await backend().logs(name, { of: 'agent', follow: true });
      let seen = '';
      stream.setEncoding('utf8').on('data', (piece: string) => {
        seen += piece;
      });
      await eventually('what was shown before', () => seen.includes('the agent runs'), { timeoutMs: 10_000 });
      await run('sleep 0.5; tmux -L paude send-keys -t agent "echo a\\$((40+2))b" Enter');
      await eventually('what is typed', () => seen.includes('a42b'), { timeoutMs: 10_000 });
      stream.destroy();
    });

    it('copies in and out, as the session itself', async () => {
      await using directory = await temporaryDirectory('copy');
      await directory.write('in/a.txt', 'alpha');
      await directory.write('in/sub/b.txt', 'beta', 0o755);
      const { stdout } = successful(
        await runProcess('sh', ['-c', 'tar -c -C in . | base64'], { cwd: directory.path }),
      );
      await backend().copyIn(name, 'copied/here', Readable.from([Buffer.from(stdout, 'base64')]));
      expect(await run('cat copied/here/a.txt; ls copied/here/sub; stat -c %a copied/here/sub/b.txt')).toBe(
        'alphab.txt\n755\n',
      );
      const archive = await buffer(await backend().copyOut(name, 'copied/here'));
      await directory.write('out.tar', archive);
      successful(await runProcess('tar', ['-xf', 'out.tar'], { cwd: directory.path }));
      expect(successful(await runProcess('cat', ['here/sub/b.txt'], { cwd: directory.path })).stdout).toBe(
        'beta',
      );
      await expect(buffer(await backend().copyOut(name, 'not-there'))).rejects.toThrow(
        'Cannot copy out of the session',
      );
      await expect(backend().copyIn(name, '/etc/x', Readable.from([archive]))).rejects.toThrow(
        'Cannot copy into the session',
      );
    });

    it('allows what its words allow, and says what it refused', async () => {
      expect(await run('curl -sS -m 10 http://outside.test:8080/')).toBe('outside\n');
      const refused = await inside(
        backend(),
        name,
        'curl -sS -m 10 -o /dev/null -w "%{http_code}" http://other.test:8080/',
      );
      expect(refused.stdout).toBe('403');
      const blocked = await eventually(
        'the refusal',
        async () => (await backend().blockedDomains(name)).find(({ host }) => host === 'other.test'),
        { timeoutMs: 10_000, intervalMs: 200 },
      );
      expect(blocked).toMatchObject({ port: 8080, reason: 'not-listed', count: 1 });
      const log = await text(await backend().logs(name, { of: 'proxy' }));
      const decisions = log
        .split('\n')
        .flatMap((line) => (line.includes('"decision"') ? [JSON.parse(line)] : []));
      expect(decisions).toContainEqual(
        expect.objectContaining({
          host: 'outside.test',
          decision: 'allow',
          reason: 'allowed-by-rule',
          session: name,
        }),
      );
    });

    it('refuses words that nobody can read, and keeps those in force', async () => {
      await expect(backend().setAllowedDomains(name, ['https://x'])).rejects.toMatchObject({
        code: 'pattern-invalid',
      });
      expect(await backend().allowedDomains(name)).toEqual(['outside.test:*']);
    });

    it(
      'stops and starts it with its files, its terminal, its words and its log',
      async () => {
        await run('echo kept > file; git init -q . && git add file && git commit -qm One');
        await backend().setAllowedDomains(name, ['outside.test:*', 'github']);
        const blockedBefore = await backend().blockedDomains(name);
        await backend().stop(name);
        expect(await backend().status(name)).toMatchObject({
          state: 'stopped',
          proxy: 'not-ready',
          activity: { running: false },
          allowedDomains: ['outside.test:*', 'github'],
        });
        await expect(backend().exec(name, { command: ['true'] })).rejects.toMatchObject({
          code: 'session-not-running',
        });
        expect(await text(await backend().logs(name, { of: 'agent' }))).toContain('a42b');
        expect(await backend().blockedDomains(name)).toEqual(blockedBefore);
        await backend().stop(name);
        await backend().setAllowedDomains(name, ['outside.test:*']);

        await backend().start(name);
        await backend().start(name);
        expect(await backend().status(name)).toMatchObject({
          state: 'running',
          proxy: 'ready',
          allowedDomains: ['outside.test:*'],
        });
        expect(await run('cat file; git log --format=%s')).toBe('kept\nOne\n');
        expect(await run('curl -sS -m 10 http://outside.test:8080/')).toBe('outside\n');
        expect(await backend().blockedDomains(name)).toEqual(blockedBefore);
        const shown = await eventually(
          'the terminal from before',
          async () => {
            const log = await text(await backend().logs(name, { of: 'agent' }));
            return log.includes('started again') && log;
          },
          { timeoutMs: 20_000, intervalMs: 200 },
        );
        expect(shown).toContain('a42b');
      },
      SLOW_MS,
    );

    it(
      'upgrades it: new containers on the same volume',
      async () => {
        const { image, proxyImage } = subject().spec(name);
        const none = { variables: new Map(), files: new Map() };
        const wrong = { image: 'localhost/there-is-none:1', proxyImage, secrets: none };
        await expect(backend().upgrade(name, wrong)).rejects.toMatchObject({ code: 'image-missing' });
        expect((await backend().status(name)).state).toBe('running');
        await backend().upgrade(name, { image, proxyImage, secrets: none });
        expect(await run('cat file; echo "$COLOUR"; git config user.name')).toBe(
          'kept\nlight blue\nSome "One"\n',
        );
        expect(await backend().allowedDomains(name)).toEqual(['outside.test:*']);
        expect((await backend().blockedDomains(name)).map(({ host }) => host)).toContain('other.test');
      },
      SLOW_MS,
    );

    it(
      'deletes it, and nothing is left',
      async () => {
        expect((await subject().leftovers(name)).length).toBeGreaterThan(0);
        await backend().delete(name);
        expect(await subject().leftovers(name)).toEqual([]);
        await expect(backend().delete(name)).rejects.toMatchObject({ code: 'session-missing' });
      },
      SLOW_MS,
    );
  });
}
