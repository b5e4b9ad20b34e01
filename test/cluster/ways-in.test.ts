import { inspect } from 'node:util';
import { type Cluster, type OpenOptions, openCluster } from '@paude/cluster';
import { dump, load } from 'js-yaml';
import { afterAll, beforeAll, expect } from 'vitest';
import { connectProxy } from '../support/connect-proxy.ts';
import { tcpOrigin } from '../support/origins.ts';
import { socksProxy } from '../support/socks-proxy.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';
import {
  kubeconfigText,
  type OwnApiServer,
  ownServerTests,
  SERVER_TIMEOUT_MS,
  startOwnApiServer,
} from './api-server.ts';

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: Record<string, unknown> }];
  readonly users: readonly [{ user: Record<string, unknown> }];
}

ownServerTests.describe('ways into a cluster', () => {
  let server: OwnApiServer;
  let directory: TemporaryDirectory;
  beforeAll(async () => {
    server = await startOwnApiServer();
    directory = await temporaryDirectory('ways');
  }, SERVER_TIMEOUT_MS);
  afterAll(async () => {
    await directory?.remove();
    await server?.[Symbol.asyncDispose]();
  });

  /** The server's kubeconfig, changed, opened. */
  async function opened(
    change: (config: Kubeconfig) => void,
    options: Partial<OpenOptions> = {},
  ): Promise<Cluster> {
    const { url, caPem, adminToken: token } = server;
    const config = load(kubeconfigText({ url, caPem, token })) as Kubeconfig;
    change(config);
    const kubeconfig = await directory.write('kubeconfig', dump(config));
    return untilTestEnds(await openCluster({ kubeconfig, environment: {}, ...options }));
  }
  const version = async (cluster: Cluster) => (await cluster.serverVersion()).major;

  ownServerTests.test('through the proxy of proxy-url, HTTP or SOCKS, and never around it', async () => {
    const http = untilTestEnds(await connectProxy());
    const socks = untilTestEnds(await socksProxy((host, port) => ({ host, port })));
    for (const proxy of [http, socks]) {
      const cluster = await opened(({ clusters: [{ cluster }] }) => {
        cluster['proxy-url'] = proxy.url;
      });
      expect(await version(cluster)).toBe(1);
      const watched = cluster.watch({ apiVersion: 'v1', kind: 'ConfigMap' });
      expect((await watched.next()).value).toMatchObject({ type: 'synced' });
      await watched.return();
      const asked = new Set(proxy.targets);
      expect([...asked]).toEqual([server.url.replace('https://', '')]);
      await proxy.close();
      await expect(version(cluster)).rejects.toMatchObject({ code: 'cluster-unreachable' });
    }
  });

  ownServerTests.test('not through a proxy that refuses; its password stays unsaid', async () => {
    const strict = untilTestEnds(
      await tcpOrigin((socket) => {
        socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
      }),
    );
    const deaf = untilTestEnds(await socksProxy((host, port) => ({ host, port }), { reply: 2 }));
    for (const url of [`http://me:hunter2@${strict.authority}`, `socks5://me:hunter2@${deaf.authority}`]) {
      const cluster = await opened(({ clusters: [{ cluster }] }) => {
        cluster['proxy-url'] = url;
      });
      const error = await version(cluster).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'cluster-unreachable', why: expect.stringContaining('proxy-url') });
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter2');
    }
  });

  ownServerTests.test('with a login program, whose words do not come into an error', async () => {
    const program = (script: string) => (config: Kubeconfig) => {
      const exec = {
        apiVersion: 'client.authentication.k8s.io/v1',
        command: '/bin/sh',
        args: ['-c', script],
      };
      config.users[0].user = { exec };
    };
    const credential = { kind: 'ExecCredential', status: { token: server.adminToken } };
    expect(await version(await opened(program(`echo '${JSON.stringify(credential)}'`)))).toBe(1);

    const failing = await opened(program(`echo ${server.adminToken} >&2; exit 1`));
    const error = await version(failing).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'cluster-unauthorized' });
    expect(inspect(error, { depth: 9 })).not.toContain(server.adminToken);

    const hanging = await opened(program('sleep 5'), { requestTimeoutMs: 200 });
    await expect(version(hanging)).rejects.toMatchObject({ code: 'cluster-timeout' });
  });

  ownServerTests.test("with a pod's own service account", async () => {
    await directory.write('account/ca.crt', server.caPem);
    await directory.write('account/namespace', 'team-a');
    // Some file a line end after the token.
    await directory.write('account/token', `${server.adminToken}\n`);
    const { hostname, port } = new URL(server.url);
    const cluster = untilTestEnds(
      await openCluster({
        environment: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
        serviceAccountDir: directory.join('account'),
      }),
    );
    expect([await version(cluster), cluster.namespace, cluster.server]).toEqual([1, 'team-a', server.url]);
  });

  ownServerTests.test('without checking the certificate, where the kubeconfig says so itself', async () => {
    const cluster = await opened(({ clusters: [{ cluster }] }) => {
      delete cluster['certificate-authority-data'];
      cluster['insecure-skip-tls-verify'] = true;
    });
    expect(await version(cluster)).toBe(1);
  });
});
