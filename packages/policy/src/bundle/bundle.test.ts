import { parseAllowlistFile, parseWords } from '@paude/allowlist';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sessionIntent, standaloneIntent } from '../intents/intents.ts';
import type { Intent } from '../model/intent.ts';
import type { EmittedObject } from '../model/object.ts';
import { renderYaml } from '../render/render-yaml.ts';
import { formatAllowlistFile } from './allowlist-file.ts';
import { proxyConfigMap } from './config-map.ts';
import { proxyBundle } from './proxy-bundle.ts';
import { CREDENTIAL_VARIABLES } from './proxy-container.ts';
import { sidecarBundle, sidecarIntent } from './sidecar.ts';

const options = { namespace: 'agents', atMs: 0 };
const session = sessionIntent('demo', options);
const image = `paude-proxy@sha256:${'0'.repeat(64)}`;
const allowlist = parseWords(['api.example.com']);

const withoutPolicies = (objects: readonly EmittedObject[]) =>
  objects.filter(({ object }) => object.kind !== 'NetworkPolicy');
const kinds = (objects: readonly EmittedObject[]) => objects.map(({ object }) => object.kind);
const deployment = (intent: Intent, changes: object = {}) =>
  proxyBundle(allowlist, intent, { image, ...changes }).objects.find(
    ({ object }) => object.kind === 'Deployment',
  )?.object;

describe('formatAllowlistFile()', () => {
  it('writes words, and entries where there is more to say', () => {
    const written = parseAllowlistFile(
      `- golang
- "*.example.com:8443"
- { allow: a.example.com, ports: [22], tls: any, reason: "the \\"one\\": #4711", expires: 2031-12-31 }
- { deny: b.example.com, reason: no }
- all
`,
      { path: 'x' },
    );
    const text = formatAllowlistFile({ ...written, rules: written.rules.slice(-4) });
    expect(text).toBe(`\
version: 1
rules:
  - "*.example.com:8443"
  - allow: a.example.com:22
    tls: any
    expires: "2032-01-01T00:00:00.000Z"
    reason: 'the "one": #4711'
  - deny: b.example.com
    reason: "no"
  - all
`);
    expect(
      formatAllowlistFile({ ...written, rules: written.rules.slice(-4, -1) }, { reasons: false }),
    ).not.toContain('reason');
  });

  it('puts ports beside a word that they would make too long to be read', () => {
    const ports = Array.from({ length: 900 }, (_, index) => 2 * index + 1);
    const entries = [
      { allow: 'a.example.com', ports },
      { deny: '.example.com', ports },
      { allow: '~^a\\.example\\.com$', ports },
    ];
    const before = parseAllowlistFile(JSON.stringify(entries), { path: 'x' });
    const after = parseAllowlistFile(formatAllowlistFile(before), { path: 'x' });
    expect(after.rules.map(({ text }) => text)).toEqual(before.rules.map(({ text }) => text));
  });

  it('is read back as the same rules', () => {
    const word = fc.constantFrom(
      'default',
      '.example.com',
      '!b.example.com:{22,80}',
      '~^a{2}:x\\.example\\.com$',
      '[2001:db8::]/32:53',
      'host.',
      'all',
      '!all',
      'a*.example.com:*',
      'python',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), fc.constantFrom([], [4317]), (words, extraPorts) => {
        const before = parseWords(words, { extraPorts });
        const after = parseAllowlistFile(formatAllowlistFile(before), { path: 'x' });
        const isDefault = extraPorts.length === 0;
        expect(after.rules.map(({ source: _, ...rule }) => rule)).toEqual(
          before.rules.map(({ source: _, ...rule }) => {
            if (isDefault || rule.ports !== 'default') return rule;
            return { ...rule, ports: [80, 443, 4317], text: `${rule.text}:{80,443,4317}` };
          }),
        );
      }),
    );
  });
});

describe('proxyBundle()', () => {
  it('writes a session and a standalone proxy as it always has', async () => {
    const one = proxyBundle(parseWords(['python', '!b.example.com']), session, { image });
    await expect(renderYaml(withoutPolicies(one.objects))).toMatchFileSnapshot('golden/session.yaml');
    const openshift = standaloneIntent('egress', {
      ...options,
      platform: 'openshift',
      labels: { team: 'x' },
    });
    const two = proxyBundle(allowlist, openshift, { image, environment: { PAUDE_PROXY_LOG_FORMAT: 'json' } });
    await expect(renderYaml(withoutPolicies(two.objects))).toMatchFileSnapshot(
      'golden/standalone-openshift.yaml',
    );
  });

  it('scales a standalone proxy, and runs one for a session', () => {
    expect(kinds(proxyBundle(allowlist, session, { image }).objects)).toEqual([
      ...['NetworkPolicy', 'NetworkPolicy', 'NetworkPolicy'],
      ...['ConfigMap', 'ServiceAccount', 'Deployment', 'Service'],
    ]);
    const { objects, diagnostics } = proxyBundle(allowlist, standaloneIntent('egress', options), { image });
    expect(kinds(objects).slice(-2)).toEqual(['PodDisruptionBudget', 'HorizontalPodAutoscaler']);
    expect(diagnostics.at(-1)).toMatchObject({ code: 'proxy-authority-not-shared', object: 'egress' });
    // What the autoscaler does must not be undone whenever the objects are applied again.
    expect(JSON.stringify(objects)).not.toContain('"replicas"');
  });

  it('has no label on its pods that a policy for the workload selects', () => {
    const labelled = sessionIntent('demo', { ...options, labels: { app: 'paude' } });
    expect(deployment(labelled)).toMatchObject({
      spec: { template: { metadata: { labels: { app: 'paude-proxy', 'paude.io/session-name': 'demo' } } } },
    });
  });

  it('leaves users to OpenShift, and names them elsewhere', () => {
    expect(JSON.stringify(deployment(session))).toContain('"runAsUser":1001');
    const openshift = sessionIntent('demo', { ...options, platform: 'openshift' });
    expect(JSON.stringify(deployment(openshift))).not.toMatch(/runAsUser|runAsGroup|fsGroup/);
  });

  it('refers to secrets that may be missing, and holds none', () => {
    const text = JSON.stringify(deployment(session));
    for (const name of CREDENTIAL_VARIABLES) {
      expect(text).toContain(
        `{"name":"${name}","valueFrom":{"secretKeyRef":{"name":"paude-proxy-demo-credentials","key":"${name}","optional":true}}}`,
      );
    }
    const none = JSON.stringify(deployment(session, { credentials: false }));
    expect(none).not.toMatch(/secret/i);
    expect(none).toContain('{"name":"PAUDE_PROXY_DEFAULT_CREDENTIALS","value":"0"}');
  });

  it('refuses a credential as a variable, and pods that cannot be counted', () => {
    expect(() => deployment(session, { environment: { GH_TOKEN: 'ghp_x' } })).toThrow(
      expect.objectContaining({
        code: 'policy-invalid',
        input: 'GH_TOKEN',
        message: expect.not.stringContaining('ghp_x'),
      }),
    );
    expect(() => deployment(session, { replicas: { min: 3, max: 2 } })).toThrow(
      expect.objectContaining({ code: 'policy-invalid', input: '3 to 2' }),
    );
  });

  it('says that a tag may come to mean another image', () => {
    expect(proxyBundle(allowlist, session, { image: 'paude-proxy:latest' }).diagnostics.at(-1)?.code).toBe(
      'proxy-image-by-tag',
    );
  });

  it('refuses all of it when a part is refused', () => {
    const words = Array.from(
      { length: 30_000 },
      (_, index) => `host-${index}.a-rather-long-name.example.com`,
    );
    const { objects, diagnostics } = proxyBundle(parseWords(words), session, { image });
    expect(objects).toEqual([]);
    expect(diagnostics.map(({ code }) => code)).toEqual(['config-map-too-large']);
  });
});

describe('proxyConfigMap()', () => {
  it('leaves out reasons before it refuses, and says what kubectl cannot take', () => {
    const items = Array.from({ length: 9_000 }, (_, index) => ({
      allow: `host-${index}.example.com`,
      reason: 'x'.repeat(100),
    }));
    const large = parseAllowlistFile(JSON.stringify(items), { path: 'x' });
    const { objects, diagnostics } = proxyConfigMap(large, session);
    expect(diagnostics.map(({ code }) => code)).toEqual(['config-map-reasons-left-out']);
    expect(JSON.stringify(objects)).not.toContain('xxx');
    const { diagnostics: fewer } = proxyConfigMap({ ...large, rules: large.rules.slice(0, 4000) }, session);
    expect(fewer.map(({ code }) => code)).toEqual(['config-map-server-side-only']);
  });
});

describe('sidecarBundle()', () => {
  const intent = sidecarIntent('egress', options);
  const emission = sidecarBundle(allowlist, intent, {
    image,
    workload: { name: 'agent', container: 'main' },
  });

  it('patches the workload as it always has', async () => {
    await expect(renderYaml([emission.patch])).toMatchFileSnapshot('golden/sidecar-patch.yaml');
  });

  it('says first that a policy cannot tell two containers of a pod apart', () => {
    expect(emission.diagnostics[0]).toMatchObject({
      code: 'sidecar-not-separated',
      effect: 'fail-open',
      severity: 'warning',
    });
  });

  it('holds the pods that have it, and gives them no credentials', () => {
    expect(emission.objects.map(({ object }) => [object.kind, object.metadata.name])).toEqual([
      ['NetworkPolicy', 'egress-egress'],
      ['ConfigMap', 'egress-allowlist'],
    ]);
    expect(emission.objects[0]?.object).toMatchObject({
      spec: { podSelector: { matchLabels: { 'paude.io/egress-sidecar': 'egress' } } },
    });
    expect(JSON.stringify(emission)).not.toMatch(/secretKeyRef|secretName/);
  });
});
