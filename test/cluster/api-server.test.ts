import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import {
  type ApiServer,
  clusterTests,
  ownServerTests,
  SERVER_TIMEOUT_MS,
  startApiServer,
  startOwnApiServer,
} from './api-server.ts';
import { kindDefinitions } from './install-kinds.ts';
import { type KindSample, kindSamples } from './kind-samples.ts';
import { KUBERNETES_VERSION } from './programs.ts';

const fieldManager = 'test';

ownServerTests.describe('startOwnApiServer()', () => {
  ownServerTests.test(
    'starts the pinned version, and leaves no process and no file behind',
    async () => {
      const server = await startOwnApiServer();
      const { pids, kubeconfig } = server;
      expect((await server.admin.serverVersion()).gitVersion).toBe(`v${KUBERNETES_VERSION}`);
      expect(pids.filter(isAlive)).toEqual(pids);
      await server[Symbol.asyncDispose]();
      expect(pids.filter(isAlive)).toEqual([]);
      expect(existsSync(dirname(kubeconfig))).toBe(false);
    },
    SERVER_TIMEOUT_MS,
  );
});

clusterTests.describe('the kinds of crds/', () => {
  let server: ApiServer;
  let namespace: string;
  beforeAll(async () => {
    server = await startApiServer();
    namespace = await server.namespace();
  }, SERVER_TIMEOUT_MS);
  afterAll(() => server?.[Symbol.asyncDispose]());

  const applied = ({ apiVersion, kind, name = 'sample' }: KindSample, spec: unknown) =>
    server.admin.apply(
      { apiVersion, kind, metadata: { name, namespace }, spec },
      { fieldManager, dryRun: true, force: true },
    );
  const refusal = (sample: KindSample, spec: unknown) =>
    applied(sample, spec).then(
      () => 'accepted',
      (error: unknown) => (error as { why?: string }).why ?? String(error),
    );

  for (const sample of kindSamples) {
    clusterTests.test(
      `accept a sound ${sample.kind} of ${sample.apiVersion}, and nothing unknown in it`,
      async () => {
        expect(await applied(sample, sample.spec)).toMatchObject({ kind: sample.kind, spec: sample.spec });
        expect(await refusal(sample, { ...sample.spec, nonsense: 1 })).toMatch(/nonsense.*not declared/);
      },
    );
    for (const [what, spec, reason] of sample.refused) {
      clusterTests.test(`refuse a ${sample.kind} ${what}`, async () => {
        expect(await refusal(sample, spec)).toMatch(reason);
      });
    }
  }

  clusterTests.test('refuse an EgressFirewall of another name than default', async () => {
    const [sample] = kindSamples;
    const named = { ...sample, name: 'paude-egress-firewall' } as KindSample;
    expect(named.kind).toBe('EgressFirewall');
    expect(await refusal(named, named.spec)).toMatch(/metadata\.name.*\^default\$/);
  });

  clusterTests.test('are all tried here but the one that nothing writes', async () => {
    const tried = new Set(kindSamples.map(({ kind }) => kind));
    const kinds = (await kindDefinitions()).map(
      ({ spec }) => (spec as { names: { kind: string } }).names.kind,
    );
    expect(kinds.filter((kind) => !tried.has(kind))).toEqual(['DNSNameResolver']);
  });
});

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}
