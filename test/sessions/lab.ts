import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  type Backend,
  buildSessionImage,
  containerBackend,
  type Engine,
  type EngineName,
  openEngine,
  type SessionSpec,
} from '@paude/sessions';
import { buildBaseImage } from '../podman/base-image.ts';
import { Podman, requirePodman } from '../podman/podman.ts';
import { type ComponentTests, componentTests } from '../support/components.ts';
import { runProcess, successful } from '../support/processes.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';
import { type OutsideHost, startOutsideHost, startOutsideNamespace } from './outside-host.ts';
import { buildSessionBase, missingForSessions } from './session-base.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

export const PROXY_IMAGE = 'localhost/paude-proxy:test';

/** Where the session's Containerfile lies. */
export const SESSION_DIRECTORY = fileURLToPath(new URL('../../containers/session', import.meta.url));

/** Tests that need podman and what a session's image is made of here. */
export function requireSessions(): ComponentTests {
  const missing = missingForSessions();
  return missing.length > 0 ? componentTests(missing) : requirePodman();
}

/** The program of an engine, with a store to spoil. */
export interface EngineProgram extends Pick<Podman, 'run' | 'try' | 'env'>, AsyncDisposable {}

/** An engine with the images of sessions, and a host outside. Disposing of it removes all of it. */
export class SessionLab implements AsyncDisposable {
  readonly podman: EngineProgram;
  readonly engine: Engine;
  readonly backend: Backend;
  readonly image: string;
  readonly outside: OutsideHost;
  readonly state: TemporaryDirectory;

  private constructor(
    podman: EngineProgram,
    parts: Pick<SessionLab, 'engine' | 'image' | 'outside' | 'state'>,
  ) {
    this.podman = podman;
    this.engine = parts.engine;
    this.image = parts.image;
    this.outside = parts.outside;
    this.state = parts.state;
    this.backend = this.backendOf(parts.engine);
  }

  /** @param podman The engine's program. @default podman with a store of its own */
  static async create(name: EngineName = 'podman', given?: EngineProgram): Promise<SessionLab> {
    const podman = given ?? (await Podman.create());
    const state = await temporaryDirectory('sessions');
    await buildBaseImage(podman, 'localhost/base:test', []);
    const args = ['run', '--silent', 'image', '--', '--tag', PROXY_IMAGE, '--base', 'localhost/base:test'];
    const options = { cwd: repository, env: podman.env, lifetimeMs: 180_000 };
    successful(await runProcess('npm', [...args, '--engine', name], options));
    await buildSessionBase(podman, 'localhost/session-base:test');
    const engine = openEngine(name, { env: podman.env });
    const image = await buildSessionImage(engine, {
      directory: SESSION_DIRECTORY,
      base: 'localhost/session-base:test',
    });
    // Docker keeps its networks apart from one another: for it the world is a namespace.
    const outside =
      name === 'podman' ? await startOutsideHost(podman, PROXY_IMAGE) : await startOutsideNamespace();
    return new SessionLab(podman, { engine, image, outside, state });
  }

  backendOf(engine: Engine): Backend {
    return containerBackend(engine, { version: '1.2.3', stateDirectory: this.state.join('locks') });
  }

  /** A session whose proxy finds `outside.test` and `other.test` at the outside host. */
  spec(name: string, more: Partial<SessionSpec> = {}): SessionSpec {
    const { address } = this.outside;
    return {
      name,
      agent: 'shell',
      image: this.image,
      proxyImage: PROXY_IMAGE,
      workspace: '/home/someone/project',
      allowedDomains: ['outside.test:*'],
      yolo: false,
      resources: { cpus: 1, memoryBytes: 512 * 1024 * 1024, pids: 256 },
      environment: {},
      secrets: { variables: new Map(), files: new Map() },
      proxySettings: {
        PAUDE_PROXY_HOSTS: `outside.test=${address},other.test=${address}`,
        PAUDE_PROXY_ALLOW_PRIVATE: `${address}/32`,
      },
      ...more,
    };
  }

  /** What the engine has of sessions, by name: containers, volumes and networks. */
  async leftovers(name: string): Promise<readonly string[]> {
    const filter = ['--filter', `label=paude.io/session-name=${name}`];
    const found = await Promise.all([
      this.podman.run('ps', '--all', '--format', '{{.Names}}', ...filter),
      this.podman.run('volume', 'ls', '--format', '{{.Name}}', ...filter),
      this.podman.run('network', 'ls', '--format', '{{.Name}}', ...filter),
    ]);
    return found.flatMap((lines) => lines.split('\n')).filter((line) => line !== '');
  }

  /** The command lines of all processes of this machine. */
  async commandLines(): Promise<string> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const lines = await Promise.all(
      pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
    );
    return lines.map((line) => line.replaceAll('\0', ' ')).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.outside.close();
    await this.podman[Symbol.asyncDispose]();
    await this.state.remove();
  }
}
