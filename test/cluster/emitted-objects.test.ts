import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllowlistFile } from '@paude/allowlist';
import {
  type EmitterKind,
  emitters,
  type Intent,
  type KubernetesObject,
  namespaceIntent,
  type Platform,
  proxyBundle,
  sessionIntent,
  standaloneIntent,
  validateObject,
} from '@paude/policy';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiServer, clusterTests, SERVER_TIMEOUT_MS, startApiServer } from './api-server.ts';

const FOLDER = fileURLToPath(new URL('../policy/golden/allowlists/', import.meta.url));
const FILES = readdirSync(FOLDER).sort();
const AT_MS = Date.parse('2030-06-01T00:00:00Z');

const PLATFORMS: Readonly<Record<EmitterKind, Platform>> = {
  NetworkPolicy: 'kubernetes',
  EgressFirewall: 'openshift',
  EgressNetworkPolicy: 'openshift',
  CiliumNetworkPolicy: 'cilium',
  ClusterNetworkPolicy: 'kubernetes',
  FQDNNetworkPolicy: 'gke',
  ApplicationNetworkPolicy: 'eks',
  AntreaNetworkPolicy: 'antrea',
  Istio: 'istio',
};

clusterTests.describe(
  'every object that is emitted, before a real API server that takes no unknown field',
  () => {
    let server: ApiServer;
    let namespace: string;

    beforeAll(async () => {
      server = await startApiServer();
      namespace = await server.namespace();
    }, SERVER_TIMEOUT_MS);
    afterAll(() => server?.[Symbol.asyncDispose]());

    const allowlistOf = (file: string) =>
      parseAllowlistFile(readFileSync(`${FOLDER}${file}`, 'utf8'), { path: file });

    /** Each form of intent, and each way to say the same more widely. */
    function intentsFor(platform: Platform): Intent[] {
      const options = { namespace, atMs: AT_MS, platform };
      return [
        sessionIntent('review', options),
        sessionIntent('review', {
          ...options,
          inexpressible: 'widen',
          wildcardFirewallNames: true,
          dns: 'node-local',
        }),
        standaloneIntent('team', { ...options, families: 'ipv4', dns: 'none' }),
        namespaceIntent(namespace, { atMs: AT_MS, platform, families: 'ipv6', dns: 'openshift' }),
      ];
    }

    /** How the server takes it: it answers with the object, and nothing is kept. */
    async function taken(object: KubernetesObject): Promise<string> {
      const { kind } = await server.admin.apply(object, { fieldManager: 'paude', dryRun: true, namespace });
      return kind;
    }

    it('there are thirty allowlists and more, and every kind has an emitter', () => {
      expect(FILES.length).toBeGreaterThanOrEqual(30);
      expect([...emitters.keys()].sort()).toEqual(Object.keys(PLATFORMS).sort());
    });

    for (const [kind, platform] of Object.entries(PLATFORMS) as [EmitterKind, Platform][]) {
      it(`takes each ${kind}, and we would have said so`, async () => {
        let count = 0;
        for (const file of FILES) {
          for (const intent of intentsFor(platform)) {
            const { objects = [], diagnostics = [] } =
              emitters.get(kind)?.emit(allowlistOf(file), intent) ?? {};
            // One that cannot be made is refused with a plan.
            if (objects.length === 0)
              expect(
                diagnostics.map(({ severity }) => severity),
                file,
              ).toContain('error');
            for (const { object } of objects) {
              expect(validateObject(object), `${file} ${intent.form}`).toEqual([]);
              expect(await taken(object), `${file} ${intent.form}`).toBe(object.kind);
              count++;
            }
          }
        }
        expect(count).toBeGreaterThan(FILES.length);
      }, 300_000);
    }

    it('takes each standalone bundle', async () => {
      for (const file of FILES) {
        const intent = standaloneIntent('team', { namespace, atMs: AT_MS });
        const { objects } = proxyBundle(allowlistOf(file), intent, { image: 'paude-proxy@sha256:0' });
        for (const { object } of objects) expect(await taken(object), file).toBe(object.kind);
      }
    }, 120_000);

    it('an EgressFirewall with the name of the requirement is refused by us before it is sent, and by the server', async () => {
      const object: KubernetesObject = {
        apiVersion: 'k8s.ovn.org/v1',
        kind: 'EgressFirewall',
        metadata: { name: 'paude-egress-firewall', namespace },
        spec: { egress: [{ type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } }] },
      };
      const [said, ...others] = validateObject(object);
      expect(others).toEqual([]);
      expect(said).toMatchObject({ severity: 'error', kind: 'EgressFirewall' });
      expect(`${said?.message}. ${said?.remedy}`).toMatch(/metadata\.name.*paude-egress-firewall.*default/);
      await expect(taken(object)).rejects.toMatchObject({ code: 'cluster-object-invalid' });
    });
  },
);
