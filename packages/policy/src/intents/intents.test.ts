import { describe, expect, it } from 'vitest';
import { namespaceIntent, sessionIntent, standaloneIntent } from './intents.ts';
import { objectLabels, objectNames } from './object-names.ts';

const options = { namespace: 'agents', atMs: 0 };

describe('sessionIntent()', () => {
  it('has the labels and names of the system upstream', () => {
    const intent = sessionIntent('review', options);
    expect(intent).toEqual({
      form: 'session',
      name: 'review',
      namespace: 'agents',
      workload: { labels: { app: 'paude', 'paude.io/session-name': 'review' } },
      proxy: { labels: { app: 'paude-proxy', 'paude.io/session-name': 'review' } },
      monitoring: undefined,
      proxyPort: 3128,
      platform: 'kubernetes',
      dns: 'kube-dns',
      families: 'dual',
      allowPrivate: [],
      wildcardFirewallNames: false,
      inexpressible: 'narrow',
      labels: {},
      atMs: 0,
    });
    expect(objectNames(intent)).toMatchObject({
      proxy: 'paude-proxy-review',
      workloadEgress: 'paude-egress-review',
      proxyEgress: 'paude-proxy-egress-review',
      proxyIngress: 'paude-proxy-ingress-review',
    });
  });

  it('asks the DNS of OpenShift there, unless told otherwise', () => {
    expect(sessionIntent('a', { ...options, platform: 'openshift' }).dns).toBe('openshift');
    expect(sessionIntent('a', { ...options, platform: 'openshift', dns: 'none' }).dns).toBe('none');
  });

  it.each([
    ['', 'it is empty'],
    ['Review', 'it is no DNS label'],
    ['a.b', 'it is no DNS label'],
    ['-a', 'it is no DNS label'],
    ['a-', 'it is no DNS label'],
    ['a\nb', 'it is no DNS label'],
    ['a'.repeat(47), 'it has 47 characters of at most 46 (the StatefulSet paude-NAME may have 52)'],
  ])('refuses the name %j: %s', (name, why) => {
    expect(() => sessionIntent(name, options)).toThrow(
      expect.objectContaining({ code: 'policy-invalid', why }),
    );
  });

  it('takes the longest name that the StatefulSet can have', () => {
    expect(sessionIntent('a'.repeat(46), options).name).toHaveLength(46);
  });

  it('refuses a namespace, labels and ports that no object may have', () => {
    const refused = (changes: object, why: string) =>
      expect(() => sessionIntent('a', { ...options, ...changes })).toThrow(
        expect.objectContaining({ code: 'policy-invalid', why }),
      );
    refused({ namespace: 'a_b' }, 'it is no DNS label');
    refused({ labels: { team: 'x'.repeat(64) } }, 'its value has 64 characters');
    refused({ labels: { team: 'a b' } }, 'its value is no value of a label');
    refused({ labels: { 'a/b/c': 'x' } }, 'it is no key of a label');
    refused({ labels: { '': 'x' } }, 'it is no key of a label');
    refused({ proxyPort: 0 }, 'it is no port');
  });
});

describe('standaloneIntent()', () => {
  it('holds the pods that are labelled as clients, in the namespaces that are named', () => {
    const intent = standaloneIntent('egress', { ...options, clients: { namespace: 'team' } });
    expect(intent.workload).toEqual({ labels: { 'paude.io/egress-proxy': 'egress' }, namespace: 'team' });
    expect(intent.proxy?.labels).toEqual({
      'app.kubernetes.io/name': 'paude-proxy',
      'app.kubernetes.io/instance': 'egress',
    });
    expect(objectNames(intent).workloadEgress).toBe('egress-clients');
  });

  it('refuses a name that a Service may not have', () => {
    expect(() => standaloneIntent('4egress', options)).toThrow(
      expect.objectContaining({ why: 'a Service is named so, and cannot begin with a digit' }),
    );
  });
});

describe('namespaceIntent()', () => {
  it('holds every pod', () => {
    const intent = namespaceIntent('agents', { atMs: 0 });
    expect([intent.name, intent.workload.labels, intent.proxy]).toEqual(['agents', {}, undefined]);
  });
});

describe('objectLabels()', () => {
  it('has its own labels win over those that were asked for', () => {
    const intent = sessionIntent('a', { ...options, labels: { app: 'mine', team: 'x' } });
    expect(objectLabels(intent)).toEqual({
      app: 'paude',
      'app.kubernetes.io/managed-by': 'paude',
      'paude.io/session-name': 'a',
      team: 'x',
    });
  });
});
