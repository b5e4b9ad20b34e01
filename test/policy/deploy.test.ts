import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllowlistFile, parseWords } from '@paude/allowlist';
import { DEFAULT_ROUTES } from '@paude/credentials';
import {
  CREDENTIAL_VARIABLES,
  deployObjects,
  deploySidecar,
  deployTree,
  type KubernetesObject,
  readManifests,
} from '@paude/policy';
import { environmentConfig } from '@paude/proxy/config';
import { describe, expect, it } from 'vitest';
import { requireComponent } from '../support/components.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const directory = fileURLToPath(new URL('../../deploy/', import.meta.url));

interface Container {
  readonly name: string;
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly restartPolicy?: string;
}

/** The pod of a Deployment, as far as these tests look into it. */
interface Pod {
  readonly containers: readonly Container[];
  readonly initContainers: readonly Container[];
  readonly volumes: readonly { readonly name: string }[];
}

function podOf(objects: readonly KubernetesObject[]): Pod {
  const deployment = objects.find(({ kind }) => kind === 'Deployment') as
    | { spec?: { template: { spec: Pod } } }
    | undefined;
  if (deployment?.spec === undefined) throw new Error('there is no Deployment');
  return deployment.spec.template.spec;
}

const base = deployObjects().base.map(({ object }) => object);

describe('deploy/', () => {
  it('is what the code makes, byte for byte (npm run deploy:write)', async () => {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const written = await Promise.all(
      files.map(async (file) => [relative(directory, file), await readFile(file, 'utf8')] as const),
    );
    expect(Object.fromEntries(written)).toEqual(Object.fromEntries(deployTree()));
  });

  it('has an allowlist that the proxy reads, and that is the default one', () => {
    const map = base.find(({ kind }) => kind === 'ConfigMap') as
      | { data?: Record<string, string> }
      | undefined;
    const read = parseAllowlistFile(map?.data?.['allowlist.yaml'] ?? '', { path: 'allowlist.yaml' });
    expect(read.rules.map(({ text }) => text)).toEqual(parseWords(['default']).rules.map(({ text }) => text));
  });

  it('sets only variables that the image has', () => {
    const variables = [podOf(base), podOf([deploySidecar().patch.object])].flatMap(
      ({ containers, initContainers }) =>
        [...containers, ...initContainers]
          .filter(({ name }) => name === 'proxy')
          .flatMap(({ env = [] }) =>
            env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const])),
          ),
    );
    const effects = variables.map(([name, value]) => [
      name,
      Object.keys(environmentConfig({ [name]: value })).length,
    ]);
    expect(effects.length).toBeGreaterThan(7);
    expect(effects.filter(([, count]) => count !== 1)).toEqual([]);
  });

  it('takes every credential that has a variable of its own from a Secret', () => {
    const variables = DEFAULT_ROUTES.flatMap(({ sources }) =>
      sources.flatMap((source) => ('env' in source ? source.env : [])),
    );
    expect(CREDENTIAL_VARIABLES).toEqual([...new Set(variables)].sort());
  });

  it('copies the authority from its Secret so that the key is its own alone, again and again', async () => {
    await using temporary = await temporaryDirectory('authority');
    const [from, to] = [join(temporary.path, 'from'), join(temporary.path, 'to', 'ca')];
    const script = podOf(base).initContainers[0]?.command?.[2] ?? '';
    const run = (): void => {
      const here = script.replace('/etc/paude/authority', from).replace('/var/lib/paude/ca', to);
      expect(here).not.toBe(script);
      execFileSync(process.execPath, ['-e', here]);
    };
    run();
    await expect(stat(to)).rejects.toThrow('ENOENT');
    // As the kubelet mounts a Secret: links to files that the group can read.
    await mkdir(join(from, '..data'), { recursive: true });
    for (const name of ['ca.key', 'ca.crt']) {
      await writeFile(join(from, '..data', name), `${name} of the Secret`, { mode: 0o440 });
      await symlink(join('..data', name), join(from, name));
    }
    for (let round = 0; round < 2; round++) {
      run();
      expect(await readFile(join(to, 'ca.key'), 'utf8')).toBe('ca.key of the Secret');
      expect(await readFile(join(to, 'ca.crt'), 'utf8')).toBe('ca.crt of the Secret');
      expect((await stat(join(to, 'ca.key'))).mode & 0o7777).toBe(0o600);
      expect((await stat(to)).mode & 0o777).toBe(0o700);
    }
  });
});

requireComponent('kubectl').describe('deploy/ built by kubectl kustomize', () => {
  const build = (path: string): KubernetesObject[] => {
    const text = execFileSync('kubectl', ['kustomize', join(directory, path)], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    return readManifests(text, path);
  };
  const sorted = (objects: readonly KubernetesObject[]): KubernetesObject[] =>
    objects.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const nameOf = ({ kind, metadata }: KubernetesObject): string =>
    [kind, metadata.namespace, metadata.name].join('/');

  it.each([
    ['base', 'base'],
    ['overlays/openshift', 'openshift'],
    ['overlays/other-namespace', 'other-namespace'],
  ] as const)('makes of %s what the code makes', (path, name) => {
    expect(sorted(build(path))).toEqual(sorted(deployObjects()[name].map(({ object }) => object)));
  });

  it('puts the proxy beside the workload of overlays/sidecar, started before it', () => {
    const objects = build('overlays/sidecar');
    expect(objects.map(({ kind }) => kind).sort()).toEqual(['ConfigMap', 'Deployment', 'NetworkPolicy']);
    const { containers, initContainers, volumes } = podOf(objects);
    expect(initContainers.map(({ name, restartPolicy }) => [name, restartPolicy])).toEqual([
      ['proxy', 'Always'],
    ]);
    expect(containers).toMatchObject([
      { name: 'agent', image: 'agent:latest', securityContext: { capabilities: { drop: ['ALL'] } } },
    ]);
    expect(containers[0]?.env).toContainEqual({ name: 'https_proxy', value: 'http://127.0.0.1:3128' });
    expect(volumes.map(({ name }) => name)).toEqual(['allowlist', 'state', 'tmp']);
  });
});
