import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { authorityPem } from '../support/certificates.ts';
import { trustEnvironment } from '../support/clients/trust.ts';
import {
  allowPrivateFlags,
  npmRegistry,
  pipIndex,
  pythonExecutable,
  registryAddresses,
} from '../support/clients.ts';
import { haveCommand } from '../support/commands.ts';
import { componentTests, requireComponent } from '../support/components.ts';
import { type GitServer, gitServer } from '../support/git-server.ts';
import { type SecureOrigin, secureOrigin, textHandler } from '../support/origins.ts';
import { runProcess, successful } from '../support/processes.ts';
import { type Scene, setScene } from './scene.ts';
import { WAYS } from './ways.ts';

/** The machine's own: the first on PATH may lie in the home of root. */
const SYSTEM_PYTHON = '/usr/bin/python3';
const TIMEOUT_MS = 150_000;
const NAME = 'origin.test';

const GO = `package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	response, err := http.Get(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	body, _ := io.ReadAll(response.Body)
	fmt.Print(string(body))
}
`;

const NODE =
  'fetch(process.argv[1]).then((answer) => answer.text()).then((text) => process.stdout.write(text))';
const PYTHON =
  'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode(), end="")';

describe.each(WAYS.filter(({ tests }) => tests.present))('in a sandbox, $title', (way) => {
  let [scene, origin, git, trust, flags]: [Scene?, SecureOrigin?, GitServer?, NodeJS.ProcessEnv?, string[]?] =
    [];
  beforeAll(async () => {
    scene = await setScene(way);
    origin = await secureOrigin(textHandler('hello\n'), { names: [NAME], host: '127.0.0.1', port: 0 });
    git = await gitServer(
      { repository: { README: 'hello\n' } },
      { tlsNames: [NAME], host: '127.0.0.1', port: 0 },
    );
    trust = await trustEnvironment(scene.directory, [await authorityPem()]);
    const places = [
      '--host',
      `${NAME}=127.0.0.1`,
      '--allow-private',
      '127.0.0.1/32',
      '--read',
      scene.directory.join('trusted.pem'),
    ];
    flags = [...places, '--allowed-domains', `${NAME}:{${origin.port},${git.port}}`];
  });
  afterAll(async () => {
    await origin?.close();
    await git?.close();
    await scene?.[Symbol.asyncDispose]();
  });

  /** Runs a program with the origin allowed; then with nothing allowed, and it must fail and never get there. */
  const reaches = async (words: readonly string[], expected: string, env: NodeJS.ProcessEnv = {}) => {
    if (scene === undefined || flags === undefined) throw new Error('no scene');
    const allowed = successful(
      await scene.run([...flags, '--', ...words], { env: { ...trust, ...env }, lifetimeMs: 120_000 }),
    );
    expect(allowed.stdout).toContain(expected);
    const handshakes = origin?.handshakes.length;
    const refused = await scene.run([...flags.slice(0, -2), '--', ...words], {
      env: { ...trust, ...env },
      lifetimeMs: 120_000,
    });
    expect(refused.code).not.toBe(0);
    expect(refused.stdout).not.toContain(expected);
    expect(origin?.handshakes.length).toBe(handshakes);
  };
  const url = () => `https://${NAME}:${origin?.port}/`;
  const python = () => (way.uid === undefined ? pythonExecutable() : SYSTEM_PYTHON);
  const hasPip =
    way.uid === undefined
      ? haveCommand('python3') && haveCommand('pip')
      : spawnSync(SYSTEM_PYTHON, ['-m', 'pip', '--version']).status === 0;
  const pythonTests = componentTests(hasPip ? [] : ['python3 with pip for this user']);

  requireComponent('curl').test(
    'curl reaches an allowed host and no other',
    () => reaches(['curl', '-sS', url()], 'hello\n'),
    TIMEOUT_MS,
  );

  requireComponent('git').test(
    'git clones from an allowed host and from no other',
    async () => {
      const address = `https://${NAME}:${git?.port}${git?.pathOf('repository')}`;
      await reaches(['git', 'ls-remote', address, 'HEAD'], (await git?.headOf('repository')) ?? '-');
    },
    TIMEOUT_MS,
  );

  requireComponent('node').test(
    'Node reaches an allowed host and no other',
    () => reaches([process.execPath, '-e', NODE, url()], 'hello\n'),
    TIMEOUT_MS,
  );

  pythonTests.test(
    'Python reaches an allowed host and no other',
    async () => reaches([await python(), '-c', PYTHON, url()], 'hello\n'),
    TIMEOUT_MS,
  );

  requireComponent('go').test(
    'a Go program reaches an allowed host and no other',
    async () => {
      await scene?.write('project/main.go', GO);
      const env = { ...process.env, GOFLAGS: '-mod=mod', GO111MODULE: 'off' };
      successful(
        await runProcess('go', ['build', '-o', 'get', 'main.go'], {
          cwd: scene?.project ?? '.',
          env,
          lifetimeMs: 120_000,
        }),
      );
      await reaches(['./get', url()], 'hello\n');
    },
    TIMEOUT_MS,
  );

  requireComponent('npm').test(
    'npm asks the registry that is allowed and no other',
    async () => {
      const registry = await npmRegistry();
      const open = [
        '--allowed-domains',
        hostWord(registry),
        ...allowPrivateFlags(await registryAddresses(registry.hostname)),
      ];
      const words = ['--', 'npm', 'view', 'is-number', 'name', '--fetch-retries=0'];
      const env = { ...(await machineTrust()), npm_config_registry: registry.href };
      const allowed = await scene?.run([...open, ...words], { env, lifetimeMs: 120_000 });
      expect(allowed).toMatchObject({ code: 0, stdout: 'is-number\n' });
      const refused = await scene?.run(words, { env, lifetimeMs: 120_000 });
      expect(refused?.code).not.toBe(0);
      expect(refused?.stderr).toContain('Blocked by the egress policy');
    },
    TIMEOUT_MS,
  );

  pythonTests.test(
    'pip downloads from the index that is allowed and from no other',
    async () => {
      const index = await pipIndex();
      const open = [
        '--allowed-domains',
        `python,${hostWord(index)}`,
        ...allowPrivateFlags(await registryAddresses(index.hostname)),
      ];
      const words = [
        '--',
        await python(),
        '-m',
        'pip',
        'download',
        'six==1.16.0',
        '--no-deps',
        '--retries',
        '1',
        '--dest',
        'wheels',
      ];
      const env = { ...(await machineTrust()), PIP_INDEX_URL: index.href };
      const allowed = await scene?.run([...open, ...words], { env, lifetimeMs: 120_000 });
      expect(allowed?.stdout, allowed?.stderr).toContain('Successfully downloaded six');
      const refused = await scene?.run(words, { env, lifetimeMs: 120_000 });
      expect(refused?.code).not.toBe(0);
      expect(refused?.stderr).toContain('Blocked by the egress policy');
    },
    TIMEOUT_MS,
  );

  const machineTrust = async () => (scene === undefined ? {} : trustEnvironment(scene.directory, []));
});

function hostWord({ hostname, port }: URL): string {
  return port === '' ? hostname : `${hostname}:${port}`;
}
