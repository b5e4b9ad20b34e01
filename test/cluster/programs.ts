import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../support/processes.ts';
import { buildOnce } from './build-once.ts';
import { findGo, GO_NEEDED } from './go-toolchain.ts';

/** The programs of an API server, as paths. */
export interface ServerPrograms {
  readonly etcd: string;
  readonly kubeApiserver: string;
}

/** Where they come from: a directory that is there, or one that is built from the published Go modules. */
interface ProgramSource {
  readonly directory: string;
  readonly go: string | undefined;
}

const moduleDirectory = fileURLToPath(new URL('kubernetes', import.meta.url));
const goMod = readFileSync(join(moduleDirectory, 'go.mod'), 'utf8');
const goSum = readFileSync(join(moduleDirectory, 'go.sum'), 'utf8');

/** `1.37.1`: what go.mod asks for. */
export const KUBERNETES_VERSION = pinnedVersion();

const ETCD = 'go.etcd.io/etcd/server/v3';
const APISERVER = 'k8s.io/kubernetes/cmd/kube-apiserver';
const buildFlags = ['-trimpath', `-ldflags=${['-s', '-w', ...versionFlags()].join(' ')}`];
const longestBuildMs = 25 * 60_000;

function pinnedVersion(): string {
  const [, version] = /^\s*(?:require )?k8s\.io\/kubernetes v(\S+)/m.exec(goMod) ?? [];
  if (version === undefined) throw new Error('go.mod names no version of Kubernetes');
  return version;
}

/** What a machine lacks to have the programs; nothing when they are there or can be built. */
export function missingPrograms(): readonly string[] {
  const { directory, go } = programSource();
  if (areIn(directory) || go !== undefined) return [];
  const { KUBEBUILDER_ASSETS: given = '' } = process.env;
  return given === ''
    ? [`etcd and kube-apiserver, no Go ${GO_NEEDED} to build them`]
    : [`etcd and kube-apiserver in ${given}`];
}

/**
 * The programs: those of `KUBEBUILDER_ASSETS` where it is set, else built once into the user's cache, which takes minutes.
 * Rejects with the last words of a build that fails.
 */
export async function serverPrograms(say: (text: string) => void = () => {}): Promise<ServerPrograms> {
  const { directory, go } = programSource();
  await buildOnce(
    directory,
    () => areIn(directory),
    async (into) => {
      if (go === undefined) throw new Error(`There are no ${missingPrograms().join()} here`);
      say(`Building etcd and kube-apiserver ${KUBERNETES_VERSION}, once; this takes some minutes`);
      const before = performance.now();
      await build(go, into);
      say(`Built them in ${((performance.now() - before) / 1_000).toFixed(0)} s`);
    },
  );
  return programsIn(directory);
}

async function build(go: string, into: string): Promise<void> {
  await using running = await startProcess(go, ['build', ...buildFlags, '-o', `${into}/`, ETCD, APISERVER], {
    cwd: moduleDirectory,
    env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
    lifetimeMs: longestBuildMs,
  });
  const { code } = await running.exited;
  if (code !== 0) throw new Error(`go build ended with ${code}: ${running.stderr.slice(-4_000)}`);
  // Go names a program after the last part of its path.
  await rename(join(into, 'server'), join(into, 'etcd'));
}

function programSource(): ProgramSource {
  const { KUBEBUILDER_ASSETS: given = '', XDG_CACHE_HOME: cache = '' } = process.env;
  if (given !== '') return { directory: given, go: undefined };
  const recipe = createHash('sha256')
    .update(JSON.stringify([goMod, goSum, buildFlags]))
    .digest('hex');
  const name = `kubernetes-${KUBERNETES_VERSION}-${recipe.slice(0, 8)}`;
  const directory = join(cache === '' ? join(homedir(), '.cache') : cache, 'paude-test', name);
  return { directory, go: areIn(directory) ? undefined : findGo() };
}

function areIn(directory: string): boolean {
  return Object.values(programsIn(directory)).every((path) => existsSync(path));
}

function programsIn(directory: string): ServerPrograms {
  return { etcd: join(directory, 'etcd'), kubeApiserver: join(directory, 'kube-apiserver') };
}

/** Without these, a server built from its module calls itself v0.0.0. */
function versionFlags(): readonly string[] {
  const [major, minor] = KUBERNETES_VERSION.split('.');
  const values = { gitVersion: `v${KUBERNETES_VERSION}`, gitMajor: major, gitMinor: minor };
  return Object.entries(values).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
}
