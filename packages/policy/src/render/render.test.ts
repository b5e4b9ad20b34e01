import { describe, expect, it } from 'vitest';
import type { EmittedObject } from '../model/object.ts';
import { readManifests } from './read-manifests.ts';
import { renderDirectory } from './render-directory.ts';
import { renderJson } from './render-json.ts';
import { renderYaml } from './render-yaml.ts';

const shared = { port: 443, protocol: 'TCP' };
const config: EmittedObject = {
  object: {
    kind: 'ConfigMap',
    data: { switch: 'on', number: '1_000', octal: '0400', text: 'a\nb\n' },
    metadata: { labels: { b: 'yes', a: '1' }, name: 'one', namespace: 'agents' },
    apiVersion: 'v1',
  },
  comments: new Map([
    ['', 'The head'],
    ['/data/switch', 'above a key'],
  ]),
};
const policy: EmittedObject = {
  object: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'two' },
    spec: { egress: [{ ports: [shared] }, { ports: [shared] }] },
  },
  comments: new Map([
    ['/spec/egress/1', 'from .example.com\nand others'],
    ['/spec/egress/0/ports/0', 'evil\r- {}\u2028- {}\u0085- {}'],
    ['/spec/missing/0', 'nowhere'],
  ]),
};

describe('renderYaml()', () => {
  it('writes documents with their comments, keys in order, and quotes what YAML 1.1 reads otherwise', () => {
    expect(renderYaml([config, policy], { head: 'Made by paude.\n\nDo not edit.' })).toBe(`\
# Made by paude.
#
# Do not edit.

# The head

apiVersion: v1
kind: ConfigMap
metadata:
  name: one
  namespace: agents
  labels:
    a: "1"
    b: "yes"
data:
  # above a key
  switch: "on"
  number: "1_000"
  octal: "0400"
  text: |
    a
    b
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: two
spec:
  egress:
    - ports:
        # evil - {} - {} - {}
        - port: 443
          protocol: TCP
    # from .example.com
    # and others
    - ports:
        - port: 443
          protocol: TCP
`);
  });

  it('is read back as it was', () => {
    expect(readManifests(renderYaml([config, policy]), 'x.yaml')).toEqual([config.object, policy.object]);
    expect(readManifests(renderJson([config, policy]), 'x.json')).toEqual([config.object, policy.object]);
  });
});

describe('renderDirectory()', () => {
  it('gives every object a file, and lists them for kustomize', () => {
    const other = { ...config, object: { ...config.object, metadata: { name: 'one', namespace: 'b' } } };
    const files = renderDirectory([config, policy, other], { head: 'Head' });
    expect([...files.keys()]).toEqual([
      'configmap-one.yaml',
      'networkpolicy-two.yaml',
      'configmap-one-2.yaml',
      'kustomization.yaml',
    ]);
    expect(files.get('kustomization.yaml')).toBe(`\
# Head

apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - configmap-one.yaml
  - networkpolicy-two.yaml
  - configmap-one-2.yaml
`);
  });
});

describe('readManifests()', () => {
  it('takes lists apart, typed ones too, and leaves out what is empty or for kustomize', () => {
    const text = `
---
# nothing
---
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [a.yaml]
---
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Secret, metadata: { name: s } }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicyList
items:
  - metadata: { name: p }
`;
    expect(
      readManifests(text, 'x').map(({ apiVersion, kind, metadata }) => [apiVersion, kind, metadata.name]),
    ).toEqual([
      ['v1', 'Secret', 's'],
      ['networking.k8s.io/v1', 'NetworkPolicy', 'p'],
    ]);
    expect(readManifests('', 'x')).toEqual([]);
  });

  it.each([
    ['a: 1\nb: [\n', 'x.yaml:3', 'it is not YAML'],
    ['a: 1\na: 2\n', 'x.yaml:2', 'it is not YAML (Map keys must be unique)'],
    ['\n\nhello\n', 'x.yaml:3', 'it is no object'],
    ['replicas: 2\n', 'x.yaml:1', 'it has no apiVersion and kind'],
    ['apiVersion: v1\nkind: Secret\n', 'x.yaml:1', 'this Secret has no metadata.name'],
    [
      'apiVersion: v1\nkind: Pod\nmetadata: { name: p, labels: { on: 1 } }\n',
      'x.yaml:1',
      'on in the labels of Pod p is no text',
    ],
    [
      'apiVersion: v1\nkind: Pod\nmetadata: { name: p, labels: [] }\n',
      'x.yaml:1',
      'labels in the labels of Pod p is no text',
    ],
    [
      'apiVersion: v1\nkind: Pod\nmetadata: { name: p, namespace: 7 }\n',
      'x.yaml:1',
      'the namespace of Pod p is no text',
    ],
    [
      `${'{"apiVersion":"v1","kind":"List","items":['.repeat(5)}${']}'.repeat(5)}`,
      'x.yaml:1',
      'it has lists in lists in lists',
    ],
  ])('refuses %j', (text, input, why) => {
    expect(() => readManifests(text, 'x.yaml')).toThrow(
      expect.objectContaining({ code: 'manifest-invalid', input, why: expect.stringContaining(why) }),
    );
  });

  it('refuses aliases that make a small text a huge object', () => {
    const levels = Array.from(
      { length: 20 },
      (_, level) => `l${level + 1}: &l${level + 1} [*l${level}, *l${level}]`,
    );
    expect(() => readManifests(`l0: &l0 [x]\n${levels.join('\n')}\n`, 'x.yaml')).toThrow(
      expect.objectContaining({ why: 'its aliases cannot be resolved (at most 100 may be)' }),
    );
  });

  it('keeps a key that means something to JavaScript a key', () => {
    const [object] = readManifests(
      '{"apiVersion":"v1","kind":"A","metadata":{"name":"a"},"__proto__":{"x":1}}',
      'x',
    );
    expect(Object.hasOwn(object ?? {}, '__proto__')).toBe(true);
    expect((object as { x?: unknown }).x).toBeUndefined();
  });
});
