import { fileURLToPath } from 'node:url';
import { buildSessionImage, openEngine, openRegistry, registeredBackend } from '@paude/sessions';
import { describe, expect, it } from 'vitest';
import { haveCommand } from '../support/commands.ts';
import { runProcess, startProcess, successful } from '../support/processes.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { insideOk } from './inside.ts';
import { PROXY_IMAGE, SESSION_DIRECTORY, type SessionLab } from './lab.ts';

const PROGRAM = fileURLToPath(new URL('create-program.ts', import.meta.url));
const STEPS = ['Making its network and volumes', 'Starting the proxy', 'Starting the session'];

/** What can go wrong, and what is left behind then. */
export function failureTests(getLab: () => SessionLab): void {
  describe('what goes wrong', () => {
    it('an image that is not there: nothing is left', async () => {
      const lab = getLab();
      for (const wrong of [
        { image: 'localhost/there-is-none:1' },
        { proxyImage: 'localhost/there-is-none:1' },
      ]) {
        const refusal = lab.backend.create(lab.spec('no-image', wrong));
        await expect(refusal).rejects.toMatchObject({
          code: 'image-missing',
          input: 'localhost/there-is-none:1',
        });
        expect(await lab.leftovers('no-image')).toEqual([]);
      }
      const flag = lab.backend.create(lab.spec('no-image', { image: '--privileged' }));
      await expect(flag).rejects.toMatchObject({ code: 'image-missing' });
    }, 60_000);

    it('an image in which no session is: nothing is left', async () => {
      const lab = getLab();
      const refusal = lab.backend.create(lab.spec('not-a-session', { image: 'localhost/base:test' }));
      await expect(refusal).rejects.toMatchObject({ code: 'backend-failed', input: 'not-a-session' });
      expect(await lab.leftovers('not-a-session')).toEqual([]);
    }, 60_000);

    it('a proxy that does not come up: what it says is said, and nothing is left', async () => {
      const lab = getLab();
      const refusal = lab.backend.create(
        lab.spec('no-proxy', { proxySettings: { PAUDE_PROXY_UPSTREAM: 'nonsense://' } }),
      );
      await expect(refusal).rejects.toMatchObject({ code: 'proxy-not-ready' });
      await expect(refusal).rejects.toThrow(/its proxy does not come up \(.*nonsense/);
      expect(await lab.leftovers('no-proxy')).toEqual([]);
    }, 60_000);

    it('no engine: it is said what to install', async () => {
      const lab = getLab();
      for (const name of ['podman', 'docker'] as const) {
        const backend = lab.backendOf(openEngine(name, { env: { PATH: '/nonexistent' } }));
        for (const attempt of [
          () => backend.check(),
          () => backend.list(),
          () => backend.create(lab.spec('none')),
        ]) {
          await expect(attempt()).rejects.toMatchObject({
            code: 'backend-missing',
            why: `there is no ${name} on PATH`,
          });
        }
      }
    });

    it.each(['podman', 'docker'] as const)(
      '%s that does not answer: its sessions are unreachable, not gone',
      async (name) => {
        if (!haveCommand(name)) return;
        const lab = getLab();
        const socket = `unix://${lab.state.join('nobody-listens.sock')}`;
        const env = { ...lab.podman.env, CONTAINER_HOST: socket, DOCKER_HOST: socket };
        const backend = lab.backendOf(openEngine(name, { env }));
        await expect(backend.check()).rejects.toMatchObject({ code: 'backend-unreachable' });
        await expect(backend.list()).rejects.toThrow(`${name} does not answer. `);
        const registry = openRegistry(untilTestEnds(await temporaryDirectory('registry')).join('sessions'));
        const spec = lab.spec('known');
        const { agent, image, workspace, allowedDomains } = spec;
        await registry.put({
          name: 'known',
          backend: name,
          agent,
          image,
          workspace,
          allowedDomains,
          createdMs: 1,
          version: '1',
        });
        const registered = registeredBackend(backend, registry);
        expect(await registered.list()).toMatchObject([
          { name: 'known', state: 'unreachable', problem: `${name} does not answer` },
        ]);
        await expect(registered.delete('known')).rejects.toMatchObject({ code: 'backend-unreachable' });
        expect(await registry.get(name, 'known')).toBeDefined();
      },
    );

    it('a session of the registry is remembered, and forgotten when it is deleted', async () => {
      const lab = getLab();
      const directory = untilTestEnds(await temporaryDirectory('registry'));
      const registry = openRegistry(directory.join('sessions'));
      const backend = registeredBackend(lab.backend, registry);
      await backend.create(lab.spec('remembered'));
      await backend.setAllowedDomains('remembered', ['github']);
      expect(await registry.list()).toMatchObject([
        { name: 'remembered', backend: 'podman', allowedDomains: ['github'] },
      ]);
      const mode = successful(
        await runProcess('stat', ['-c', '%a', directory.join('sessions/remembered.podman.json')]),
      );
      expect(mode.stdout).toBe('600\n');
      await backend.delete('remembered');
      expect(await registry.list()).toEqual([]);
    }, 60_000);

    it.each(STEPS)(
      'a create that is stopped at "%s": everything is undone',
      async (step) => {
        const lab = getLab();
        const stop = new AbortController();
        const progress = {
          step: (title: string) => {
            if (title === step) setTimeout(() => stop.abort(new Error('stopped by hand')), 150);
          },
          detail: () => {},
        };
        const made = lab.backend.create(lab.spec('stopped'), { progress, signal: stop.signal });
        await expect(made).rejects.toThrow('stopped by hand');
        expect(await lab.leftovers('stopped')).toEqual([]);
      },
      60_000,
    );

    it.each(STEPS)(
      'a create that is killed at "%s": the next finishes it',
      async (step) => {
        const lab = getLab();
        const name = 'killed';
        const options = { name, image: lab.image, proxyImage: PROXY_IMAGE, locks: lab.state.join('locks') };
        const child = await startProcess(process.execPath, [PROGRAM, JSON.stringify(options)], {
          env: lab.podman.env,
        });
        await child.waitForLine(new RegExp(step), 30_000);
        await new Promise((resolve) => setTimeout(resolve, 100));
        await child.kill();
        // What the engine has begun it may finish.
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        const found = (await lab.backend.list()).find((session) => session.name === name);
        expect(found?.state ?? 'nothing').toMatch(/^(broken|nothing)$/);
        const made = await lab.backend.create(lab.spec(name)).catch((error) => error);
        if (made.code === 'session-exists') await lab.backend.start(name);
        expect(await lab.backend.status(name)).toMatchObject({ state: 'running', proxy: 'ready' });
        await lab.backend.delete(name);
        expect(await lab.leftovers(name)).toEqual([]);
      },
      90_000,
    );

    it('a session that has lost its containers: a create makes it whole, and its volume is kept', async () => {
      const lab = getLab();
      const name = 'halved';
      await lab.backend.create(lab.spec(name));
      await insideOk(lab.backend, name, 'echo precious > file');
      await lab.podman.run('rm', '--force', '--time', '0', `paude-${name}`);
      expect(await lab.backend.status(name)).toMatchObject({
        state: 'broken',
        problem: 'its container is not there',
      });
      await expect(lab.backend.start(name)).rejects.toMatchObject({ code: 'session-broken' });
      const wrong = lab.backend.create(lab.spec(name, { image: 'localhost/base:test' }));
      await expect(wrong).rejects.toMatchObject({ code: 'backend-failed' });
      await lab.backend.create(lab.spec(name));
      expect(await insideOk(lab.backend, name, 'cat file')).toBe('precious\n');
      await lab.podman.run('rm', '--force', '--time', '0', `paude-proxy-${name}`);
      await lab.backend.delete(name);
      expect(await lab.leftovers(name)).toEqual([]);
    }, 90_000);

    it('two at once on one session: one of them is told to wait', async () => {
      const lab = getLab();
      const both = await Promise.allSettled([1, 2].map(() => lab.backend.create(lab.spec('twice'))));
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const refused = both.find((each) => each.status === 'rejected');
      expect(refused?.reason).toMatchObject({ code: 'session-busy' });
      await lab.backend.delete('twice');
    }, 60_000);

    it('a full disk: it is said, and nothing is left', async () => {
      const lab = getLab();
      // In place of where volumes lie, for as long as this takes.
      const volumes = await lab.podman.run('info', '--format', '{{.Store.VolumePath}}');
      successful(await runProcess('mkdir', ['-p', volumes]));
      successful(await runProcess('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', volumes]));
      try {
        const large = lab.spec('no-room', { prepare: `# ${'x'.repeat(60_000)}` });
        const refusal = lab.backend.create(large);
        await expect(refusal).rejects.toMatchObject({ code: 'disk-full', input: 'no-room' });
        await expect(refusal).rejects.toThrow('the disk that podman keeps its data on is full');
        expect(await lab.leftovers('no-room')).toEqual([]);
      } finally {
        successful(await runProcess('umount', [volumes]));
      }
    }, 60_000);

    it('a build that fails: its last words are kept, and no image is there', async () => {
      const lab = getLab();
      const request = {
        directory: SESSION_DIRECTORY,
        base: 'localhost/session-base:test',
        setup: ['echo before; echo the reason >&2; exit 3'],
      };
      const lines: string[] = [];
      const progress = { step: () => {}, detail: (line: string) => lines.push(line) };
      const failed = await buildSessionImage(lab.engine, request, { progress }).catch((error) => error);
      expect(failed).toMatchObject({ code: 'image-build-failed' });
      expect(failed.cause.message).toContain('the reason');
      expect(lines).toContain('the reason');
    }, 60_000);

    it('an image that was built from the same before is found, and one with another step is built', async () => {
      const lab = getLab();
      const request = { directory: SESSION_DIRECTORY, base: 'localhost/session-base:test' };
      const steps: string[] = [];
      const progress = { step: (title: string) => steps.push(title), detail: () => {} };
      expect(await buildSessionImage(lab.engine, request, { progress })).toBe(lab.image);
      expect(steps).toEqual([]);
      const other = await buildSessionImage(
        lab.engine,
        { ...request, setup: ['echo made > /made', 'id -u >> /made'] },
        { progress },
      );
      expect(other).not.toBe(lab.image);
      const made = await lab.podman.run(
        'run',
        '--rm',
        '--entrypoint',
        '/usr/bin/bash',
        other,
        '-c',
        'cat /made; id -u',
      );
      expect(made).toBe('made\n0\n53128');
    }, 60_000);
  });
}
