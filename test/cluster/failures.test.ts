import { inspect } from 'node:util';
import { type Cluster, openCluster, type WrittenObject } from '@paude/cluster';
import { PaudeError } from '@paude/errors';
import { afterAll, beforeAll, expect } from 'vitest';
import { certificateFor } from '../support/certificates.ts';
import { refusingPort, tcpOrigin } from '../support/origins.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { apiDoor } from './api-door.ts';
import {
  kubeconfigText,
  type OwnApiServer,
  ownServerTests,
  SERVER_TIMEOUT_MS,
  startOwnApiServer,
} from './api-server.ts';

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const FIREWALL = { apiVersion: 'k8s.ovn.org/v1', kind: 'EgressFirewall' };

/** The code of a failure and its message; a success fails the test. */
async function failure(
  promise: Promise<unknown>,
): Promise<{ readonly code: string; readonly message: string }> {
  const error = await promise.then(
    (value) => new Error(`It worked: ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PaudeError)) throw error;
  return { code: error.code, message: error.message };
}

ownServerTests.describe('what an API server refuses', () => {
  let server: OwnApiServer;
  let cluster: Cluster;
  let namespace: string;
  beforeAll(async () => {
    server = await startOwnApiServer();
    namespace = await server.namespace();
    cluster = await openCluster({ kubeconfig: server.kubeconfig, namespace, environment: {} });
  }, SERVER_TIMEOUT_MS);
  afterAll(async () => {
    cluster?.close();
    await server?.[Symbol.asyncDispose]();
  });

  const configMap = (name: string, data: Readonly<Record<string, string>> = {}): WrittenObject => ({
    ...CONFIG_MAP,
    metadata: { name },
    data,
  });

  /** A cluster by another kubeconfig; closed when the test ends. */
  async function opened(text: string, requestTimeoutMs = 10_000): Promise<Cluster> {
    const directory = untilTestEnds(await temporaryDirectory('failures'));
    const kubeconfig = await directory.write('kubeconfig', text);
    return untilTestEnds(await openCluster({ kubeconfig, namespace, environment: {}, requestTimeoutMs }));
  }

  ownServerTests.test(
    'a user without a role is told the verb, the resource, the namespace and who it is',
    async () => {
      const kubeconfig = await server.userKubeconfig(namespace, [
        { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
      ]);
      const user = untilTestEnds(await openCluster({ kubeconfig, namespace, environment: {} }));
      expect(await user.find(CONFIG_MAP, 'not-there')).toBeUndefined();
      const forbidden = await failure(user.list(FIREWALL));
      expect(forbidden.code).toBe('cluster-forbidden');
      expect(forbidden.message).toMatch(
        new RegExp(
          `^Cannot list the objects of kind EgressFirewall "${namespace}": the user "system:serviceaccount:${namespace}:\\S+" ` +
            `may not list egressfirewalls.k8s.ovn.org in namespace "${namespace}". ` +
            'Ask for a role that allows the verb list on egressfirewalls.k8s.ovn.org there.$',
        ),
      );
      expect((await failure(user.apply(configMap('a'), { fieldManager: 'x' }))).message).toContain(
        'may not patch configmaps',
      );
      expect((await failure(user.remove(CONFIG_MAP, 'a'))).message).toContain('may not delete configmaps');
      const everywhere = await failure(user.list({ apiVersion: 'v1', kind: 'Namespace' }));
      expect(everywhere.message).toContain('may not list namespaces in the whole cluster');
      await expect(user.watch(FIREWALL).next()).rejects.toMatchObject({ code: 'cluster-forbidden' });
    },
  );

  ownServerTests.test('find() does not take a refusal for an absence', async () => {
    const kubeconfig = await server.userKubeconfig(namespace, []);
    const user = untilTestEnds(await openCluster({ kubeconfig, namespace, environment: {} }));
    await expect(user.find(CONFIG_MAP, 'a')).rejects.toMatchObject({ code: 'cluster-forbidden' });
    await expect(user.remove(CONFIG_MAP, 'a')).rejects.toMatchObject({ code: 'cluster-forbidden' });
  });

  ownServerTests.test('credentials that are not accepted', async () => {
    const stranger = await opened(
      kubeconfigText({ url: server.url, caPem: server.caPem, token: 'wrong-token' }),
    );
    const { code, message } = await failure(stranger.get(CONFIG_MAP, 'a'));
    expect(code).toBe('cluster-unauthorized');
    expect(message).toBe(
      `Cannot read the ConfigMap "a": ${server.url} does not accept the credentials. Log in to the cluster again.`,
    );
    await expect(stranger.watch(CONFIG_MAP).next()).rejects.toMatchObject({ code: 'cluster-unauthorized' });
  });

  ownServerTests.test('a certificate of another authority, whatever the environment says', async () => {
    const { caPem } = await certificateFor(['elsewhere.test'], { authority: 'stranger' });
    const deceived = await opened(kubeconfigText({ url: server.url, caPem, token: server.adminToken }));
    const { code, message } = await failure(deceived.serverVersion());
    expect(code).toBe('cluster-tls-failed');
    expect(message).toContain(`${server.url} is not trusted (`);
    expect(message).toContain('certificate-authority-data');
    const other = server.url.replace('127.0.0.1', '127.0.0.2');
    const renamed = await opened(
      kubeconfigText({ url: other, caPem: server.caPem, token: server.adminToken }),
    );
    // Nobody listens at that address: it is bound to the other one alone.
    expect((await failure(renamed.serverVersion())).code).toBe('cluster-unreachable');
  });

  ownServerTests.test('a port that refuses, and a name that nobody knows', async () => {
    const { authority } = untilTestEnds(await refusingPort());
    const closed = await opened(
      kubeconfigText({ url: `https://${authority}`, caPem: server.caPem, token: 'secret-token' }),
    );
    const { code, message } = await failure(closed.list(CONFIG_MAP));
    expect(code).toBe('cluster-unreachable');
    expect(message).toContain(`https://${authority} cannot be reached (ECONNREFUSED). Look at the network`);
    const nowhere = await opened(
      kubeconfigText({ url: 'https://cluster.invalid', caPem: server.caPem, token: 'secret-token' }),
    );
    expect((await failure(nowhere.list(CONFIG_MAP))).code).toBe('cluster-unreachable');
  });

  ownServerTests.test('a server that says nothing, and one that is no API server', async () => {
    const mute = untilTestEnds(await tcpOrigin(() => {}));
    const url = `https://${mute.authority}`;
    const waiting = await opened(kubeconfigText({ url, caPem: server.caPem, token: 'x' }), 200);
    const { code, message } = await failure(waiting.list(CONFIG_MAP));
    expect(code).toBe('cluster-timeout');
    expect(message).toContain(`${url} did not answer within 200 ms`);

    const talker = untilTestEnds(
      await tcpOrigin((socket) => {
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello');
      }),
    );
    const text = kubeconfigText({ url: `http://${talker.authority}`, caPem: server.caPem, token: 'x' });
    await expect(opened(text)).rejects.toMatchObject({ code: 'cluster-config-invalid' });
    const insecure = await opened(
      text.replace(/certificate-authority-data: .*/, 'insecure-skip-tls-verify: true'),
    );
    expect((await failure(insecure.serverVersion())).message).toContain('answers without a version');
  });

  ownServerTests.test('what is not there: an object, its namespace, its kind', async () => {
    const object = await failure(cluster.get(FIREWALL, 'default'));
    expect(object).toMatchObject({ code: 'cluster-object-missing' });
    expect(object.message).toContain(
      `Cannot read the EgressFirewall "${namespace}/default": there is none of that name`,
    );
    const made = await failure(cluster.apply(configMap('a'), { fieldManager: 'x', namespace: 'nowhere' }));
    expect(made.code).toBe('cluster-namespace-missing');
    expect(made.message).toContain('there is no namespace "nowhere". Create it first');
    const kind = await failure(
      cluster.list({ apiVersion: 'calico.example/v3', kind: 'GlobalNetworkPolicy' }),
    );
    expect(kind.code).toBe('cluster-kind-missing');
    expect(kind.message).toContain('does not serve GlobalNetworkPolicy of calico.example/v3');
    const misspelt = await failure(cluster.list({ ...FIREWALL, kind: 'EgressFirewal' }));
    expect(misspelt.code).toBe('cluster-kind-missing');
  });

  ownServerTests.test('two managers of one field: the other is named, and force takes over', async () => {
    await cluster.apply(configMap('ours', { 'allowlist.yaml': '- a.test' }), { fieldManager: 'a-person' });
    const change = configMap('ours', { 'allowlist.yaml': '- b.test' });
    const { code, message } = await failure(cluster.apply(change, { fieldManager: 'paude' }));
    expect(code).toBe('cluster-conflict');
    expect(message).toContain(
      'another field manager owns what would be changed: data.allowlist.yaml (conflict with "a-person"',
    );
    await expect(cluster.apply(change, { fieldManager: 'paude', dryRun: true })).rejects.toMatchObject({
      code,
    });
    await cluster.apply(change, { fieldManager: 'paude', force: true });
    expect((await cluster.get(CONFIG_MAP, 'ours')).data).toEqual({ 'allowlist.yaml': '- b.test' });
    const again = await failure(
      cluster.apply(configMap('ours', { 'allowlist.yaml': '' }), { fieldManager: 'a-person' }),
    );
    expect(again.message).toContain('"paude"');
  });

  ownServerTests.test('an object that is already there', async () => {
    await cluster.create(configMap('twice'));
    expect(await failure(cluster.create(configMap('twice')))).toMatchObject({
      code: 'cluster-object-exists',
    });
  });

  ownServerTests.test(
    'a field that is unknown, misspelt or of another type, in what is known and what is installed',
    async () => {
      const apiVersion = 'networking.k8s.io/v1';
      const metadata = { name: 'bad' };
      const misspelt = { apiVersion, kind: 'NetworkPolicy', metadata, spec: { podSelector: {}, egres: [] } };
      for (const send of [
        () => cluster.apply(misspelt, { fieldManager: 'x' }),
        () => cluster.create(misspelt),
      ]) {
        const { code, message } = await failure(send());
        expect(code).toBe('cluster-object-invalid');
        expect(message).toContain('spec.egres');
      }
      const wrong = {
        ...FIREWALL,
        metadata: { name: 'default' },
        spec: { egress: [{ type: 'Deny', to: {} }] },
      };
      const { code, message } = await failure(cluster.apply(wrong, { fieldManager: 'x' }));
      expect(code).toBe('cluster-object-invalid');
      expect(message).toMatch(
        /^Cannot apply the EgressFirewall ".*\/default": the server refuses it: spec\.egress\[0\]\.to: /,
      );
    },
  );

  ownServerTests.test(
    'what Pod Security forbids is a refusal by the cluster, not a missing role',
    async () => {
      const restricted = await server.namespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'root' },
        spec: { containers: [{ name: 'a', image: 'a', securityContext: { privileged: true } }] },
      };
      const { code, message } = await failure(cluster.create(pod, { namespace: restricted }));
      expect(code).toBe('cluster-admission-refused');
      expect(message).toContain('violates PodSecurity "restricted:latest"');
    },
  );

  ownServerTests.test('nothing of a Secret, nor of the credentials, comes into an error', async () => {
    const secret = (more: object) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'leak' },
      ...more,
    });
    const hidden = 'hunter2-do-not-show';
    const attempts = [
      () => cluster.apply(secret({ stringData: { a: [hidden] } }), { fieldManager: 'x' }),
      () => cluster.apply(secret({ data: { a: hidden } }), { fieldManager: 'x' }),
      () => cluster.create(secret({ data: { a: hidden } })),
      () => cluster.apply(secret({ type: hidden, immutable: hidden }), { fieldManager: 'x' }),
    ];
    for (const attempt of attempts) {
      const error = await attempt().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: 'cluster-object-invalid' });
      const shown = [
        inspect(error, { depth: 9, showHidden: true }),
        JSON.stringify(error),
        (error as Error).stack,
      ];
      expect(shown.join('\n')).not.toContain(hidden);
      expect(shown.join('\n')).not.toContain(server.adminToken);
    }
  });

  ownServerTests.test('a request that is called off', async () => {
    const controller = new AbortController();
    const door = untilTestEnds(
      await apiDoor(server, { before: (path) => void (path.includes('/configmaps') && controller.abort()) }),
    );
    const through = await opened(door.kubeconfig);
    const { code } = await failure(through.list(CONFIG_MAP, { signal: controller.signal }));
    expect(code).toBe('cluster-aborted');
    expect((await failure(through.list(CONFIG_MAP, { signal: controller.signal }))).code).toBe(
      'cluster-aborted',
    );
  });

  ownServerTests.test(
    'a server that went away, and its way back',
    async () => {
      await server.kill();
      expect((await failure(cluster.get(CONFIG_MAP, 'twice'))).code).toBe('cluster-unreachable');
      await server.start();
      expect((await cluster.get(CONFIG_MAP, 'twice')).metadata.name).toBe('twice');
    },
    60_000,
  );
});
