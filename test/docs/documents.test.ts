import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, clusterTests, SERVER_TIMEOUT_MS, startApiServer } from '../cluster/api-server.ts';
import { PROXY_IMAGE, requireSessions, SessionLab } from '../sessions/lab.ts';
import { haveCommand } from '../support/commands.ts';
import { componentTests } from '../support/components.ts';
import { type RunningProcess, runProcess, startProcess } from '../support/processes.ts';
import { copyRepository } from '../support/repository-copy.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';
import { type Example, examplesOf, missingLine } from './examples.ts';
import { type Stage, setStage } from './stage.ts';

const sessionTests = requireSessions();

/** Those that the documents name. */
const CLUSTER_NAMESPACES = ['agents', 'egress'];

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** README first: it installs what the others use. */
const names = [
  'README.md',
  ...(await documentsIn('')),
  ...(await documentsIn('docs/')),
  ...(await documentsIn('docs/decisions/')),
];
const documents = await Promise.all(
  [...new Set(names)].map(async (name) => ({
    name,
    examples: examplesOf(await readFile(`${repository}${name}`, 'utf8')),
  })),
);

async function clusterWithNamespaces(): Promise<ApiServer> {
  const cluster = await startApiServer();
  for (const name of CLUSTER_NAMESPACES) {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await cluster.admin.apply(namespace, { fieldManager: 'documents' });
  }
  return cluster;
}

/** What a person would have in their own settings where there is no registry. */
function sessionSettings({ image }: SessionLab): object {
  return { image, proxyImage: PROXY_IMAGE, cpus: 1, memory: '512m', pids: 256 };
}

/** Where podman of the documents keeps its things. */
function podmanPlaces({ podman: { env } }: SessionLab): NodeJS.ProcessEnv {
  const { CONTAINERS_CONF, CONTAINERS_STORAGE_CONF } = env;
  return { CONTAINERS_CONF, CONTAINERS_STORAGE_CONF };
}

async function documentsIn(directory: string): Promise<readonly string[]> {
  const found = await readdir(`${repository}${directory}`).catch(() => []);
  return found
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => directory + name);
}

const missing = ['git', 'curl', 'python3'].filter((name) => !haveCommand(name));
if (process.getuid?.() !== 0) missing.push('root (for port 443)');
const needs = componentTests(missing);

needs.describe('every command in the documents does what it says', () => {
  let clone: TemporaryDirectory;
  let stage: Stage;

  beforeAll(async () => {
    clone = await temporaryDirectory('docs-clone');
    await copyRepository(clone);
    stage = await setStage();
  });

  afterAll(async () => {
    await stage?.[Symbol.asyncDispose]();
    await clone?.remove();
  });

  for (const { name, examples } of documents.filter(({ examples }) => examples.length > 0)) {
    describe(name, () => {
      let server: RunningProcess | undefined;
      let cluster: ApiServer | undefined;
      let lab: SessionLab | undefined;
      const variables = () => clone.join(`.variables-of-${name.replaceAll('/', '-')}`);

      const needsApi = clusterTests.present && examples.some(({ needsCluster }) => needsCluster);
      const needsLab = sessionTests.present && examples.some(({ needsPodman }) => needsPodman);

      beforeAll(async () => {
        if (needsApi) cluster = await clusterWithNamespaces();
        if (!needsLab) return;
        lab = await SessionLab.create();
        await stage.setSessions(sessionSettings(lab));
      }, SERVER_TIMEOUT_MS);

      afterAll(async () => {
        await server?.kill();
        await cluster?.[Symbol.asyncDispose]();
        await lab?.[Symbol.asyncDispose]();
        await stage?.setSessions(undefined);
      }, 120_000);

      /** A block, in a shell that knows what the blocks before it have exported. */
      const shell = (text: string) => {
        const file = variables();
        const program = `set -eu\n[ ! -f ${file} ] || . ${file}\ntrap 'export -p > ${file}' EXIT\n${stage.adapt(text)}\n`;
        const env = {
          ...stage.env,
          ...(cluster === undefined ? {} : { KUBECONFIG: cluster.kubeconfig }),
          ...(lab === undefined ? {} : podmanPlaces(lab)),
        };
        return { args: ['-c', program], options: { cwd: clone.path, env, lifetimeMs: 300_000 } };
      };

      async function run(example: Example): Promise<void> {
        const { args, options } = shell(example.text);
        const { code, stdout, stderr } = await runProcess('bash', args, options);
        const said = `${stdout}\n${stderr}`;
        expect(code, said).toBe(example.exitCode);
        const expected = example.prints.map((line) => stage.adapt(line));
        expect(missingLine(expected, said), said).toBeUndefined();
      }

      async function start(example: Example): Promise<void> {
        await server?.kill();
        const { args, options } = shell(example.text);
        server = await startProcess('bash', args, { ...options, lifetimeMs: 600_000 });
        await server.waitForLine(/"event":"listening"/, 240_000);
      }

      for (const example of examples) {
        const title = `line ${example.line}: ${example.text.replace(/\s+/g, ' ').slice(0, 70)}`;
        if (example.notRun !== undefined) it.skip(`${title} [skipped: ${example.notRun}]`, () => {});
        else if (example.needsCluster) clusterTests.test(title, () => run(example), 300_000);
        else if (example.needsPodman) sessionTests.test(title, () => run(example), 300_000);
        else it(title, () => (example.stays ? start(example) : run(example)), 300_000);
      }
    });
  }
});
