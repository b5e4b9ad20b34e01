import { expect, test } from 'vitest';
import { untilTestEnds } from '../../../test/support/teardown.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../../test/support/temporary.ts';
import { loadKubeconfig } from './kubeconfig.ts';

/** A kubeconfig with one context of a name, for a server of that name. */
function kubeconfig(name: string, more = `current-context: ${name}`): string {
  return `
apiVersion: v1
kind: Config
clusters: [{ name: ${name}, cluster: { server: 'https://${name}.test:6443/', certificate-authority: ca.crt } }]
users: [{ name: ${name}, user: { token: secret-token } }]
contexts: [{ name: ${name}, context: { cluster: ${name}, user: ${name}, namespace: ns-${name} } }]
${more}
`;
}

async function files(contents: Readonly<Record<string, string>>): Promise<TemporaryDirectory> {
  const directory = untilTestEnds(await temporaryDirectory('kubeconfig'));
  for (const [name, text] of Object.entries(contents)) await directory.write(name, text);
  return directory;
}

const summary = async (loading: ReturnType<typeof loadKubeconfig>) => {
  const { context, namespace, server } = await loading;
  return { context, namespace, server };
};

test('loadKubeconfig() takes the file that is named, its current context and its namespace', async () => {
  const directory = await files({ config: kubeconfig('a') });
  const environment = { KUBECONFIG: '/nowhere', HOME: '/nowhere' };
  const loaded = await loadKubeconfig({ kubeconfig: directory.join('config'), environment });
  expect(loaded).toMatchObject({ context: 'a', namespace: 'ns-a', server: 'https://a.test:6443' });
  // Paths in a kubeconfig are relative to it.
  expect(loaded.config.getCurrentCluster()?.caFile).toBe(directory.join('ca.crt'));
});

test('loadKubeconfig() merges the files of KUBECONFIG: the first to name a thing wins, what is missing is passed over', async () => {
  const second = kubeconfig('b').replace('ns-b', 'ns-of-second');
  const directory = await files({ first: kubeconfig('a', ''), second, third: kubeconfig('b') });
  const list = ['first', 'missing', 'second', 'third'].map((name) => directory.join(name)).join(':');
  const environment = { KUBECONFIG: list };
  expect(await summary(loadKubeconfig({ environment }))).toEqual({
    context: 'b',
    namespace: 'ns-of-second',
    server: 'https://b.test:6443',
  });
  expect((await loadKubeconfig({ environment, context: 'a' })).namespace).toBe('ns-a');
});

test('loadKubeconfig() falls back to the home directory, and says when there is nothing', async () => {
  const directory = await files({ '.kube/config': kubeconfig('home') });
  expect((await loadKubeconfig({ environment: { HOME: directory.path } })).context).toBe('home');
  for (const environment of [
    {},
    { HOME: directory.join('.kube') },
    { KUBERNETES_SERVICE_HOST: '10.0.0.1' },
  ]) {
    const loading = loadKubeconfig({ environment, serviceAccountDir: directory.join('none') });
    await expect(loading).rejects.toMatchObject({
      code: 'cluster-config-invalid',
      message:
        'Cannot use the kubeconfig: there is no kubeconfig. Log in to the cluster first, or name its kubeconfig with --kubeconfig.',
    });
  }
});

test('loadKubeconfig() leaves user names and passwords out of the address that it shows', async () => {
  const directory = await files({ config: kubeconfig('a').replace('https://', 'https://me:hunter2@') });
  const loaded = await loadKubeconfig({ kubeconfig: directory.join('config'), environment: {} });
  expect(loaded.server).toBe('https://a.test:6443');
});

const faults: readonly (readonly [what: string, text: string, context: string | undefined, why: RegExp])[] = [
  ['no YAML', 'token: {{ secret-token', undefined, /no valid kubeconfig/],
  ['nothing', '', undefined, /no valid kubeconfig/],
  [
    'no current context',
    kubeconfig('a', ''),
    undefined,
    /no current context\. Name one with --context\. It has a\./,
  ],
  [
    'a context that is not there',
    kubeconfig('a'),
    'b',
    /"b": the kubeconfig has no context of that name.*It has a\./,
  ],
  [
    'no cluster for its context',
    kubeconfig('a').replace('clusters: [{ name: a', 'clusters: [{ name: c'),
    undefined,
    /lacks/,
  ],
  [
    'an address that is none',
    kubeconfig('a').replace('https://a', 'file:///a'),
    undefined,
    /no http or https URL/,
  ],
  ['an address without TLS', kubeconfig('a').replace('https://a', 'http://a'), undefined, /without TLS/],
];

test.each(faults)(
  'loadKubeconfig() refuses a file with %s, and quotes no token',
  async (_what, text, context, why) => {
    const directory = await files({ config: text });
    const loading = loadKubeconfig({ kubeconfig: directory.join('config'), context, environment: {} });
    const error = await loading.then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    );
    expect(error).toMatchObject({ code: 'cluster-config-invalid', message: expect.stringMatching(why) });
    expect(`${error?.stack}${JSON.stringify(error)}${String(error?.cause)}`).not.toContain('secret-token');
  },
);

test('loadKubeconfig() says that a file cannot be read', async () => {
  const directory = await files({});
  const missing = loadKubeconfig({ kubeconfig: directory.join('config'), environment: {} });
  await expect(missing).rejects.toThrow(/config": there is no such file\. Name a kubeconfig/);
  const folder = loadKubeconfig({ kubeconfig: directory.path, environment: {} });
  await expect(folder).rejects.toThrow('reading it failed (EISDIR)');
});
