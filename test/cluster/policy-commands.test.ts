import { request } from 'node:https';
import { fileURLToPath } from 'node:url';
import type { WrittenObject } from '@paude/cluster';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ProcessResult, runProcess } from '../support/processes.ts';
import { startProxy } from '../support/proxy-process.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';
import { type OwnApiServer, ownServerTests, SERVER_TIMEOUT_MS, startOwnApiServer } from './api-server.ts';

const main = fileURLToPath(new URL('../../apps/paude/src/main.ts', import.meta.url));
const FIREWALL = { apiVersion: 'k8s.ovn.org/v1', kind: 'EgressFirewall' };
const NETWORK_POLICY = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' };
const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const IN_FORCE = 'EgressFirewall Rules applied';
const RULES = '- api.example.com\n- files.example.com\n';

ownServerTests.describe('paude policy, with a cluster', () => {
  let server: OwnApiServer;
  let directory: TemporaryDirectory;
  let allowlist: string;

  beforeAll(async () => {
    [server, directory] = await Promise.all([startOwnApiServer(), temporaryDirectory('policy')]);
    allowlist = await directory.write('allowlist.yaml', RULES);
  }, SERVER_TIMEOUT_MS);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await directory?.remove();
  });

  const policy = (...args: readonly string[]): Promise<ProcessResult> =>
    runProcess(process.execPath, [main, 'policy', ...args], {
      env: { PATH: process.env.PATH, HOME: directory.path, KUBECONFIG: server.kubeconfig },
    });

  const KINDS = ['bundle', 'NetworkPolicy', 'EgressFirewall'].flatMap((kind) => ['--kind', kind]);
  const apply = (namespace: string, ...more: readonly string[]) =>
    policy(
      ...[
        'apply',
        '--allowlist',
        allowlist,
        '--standalone',
        'team',
        '-n',
        namespace,
        '--target',
        'openshift',
      ],
      ...[...KINDS, '--wait', '0', ...more],
    );

  /** What the controller of the firewall would write. */
  function setStatus(namespace: string, status: string): Promise<void> {
    const url = `${server.url}/apis/k8s.ovn.org/v1/namespaces/${namespace}/egressfirewalls/default/status`;
    return new Promise((resolve, reject) => {
      const sent = request(
        url,
        {
          method: 'PATCH',
          ca: server.caPem,
          headers: {
            authorization: `Bearer ${server.adminToken}`,
            'content-type': 'application/merge-patch+json',
          },
        },
        (response) => {
          response.resume();
          if (response.statusCode === 200) resolve();
          else reject(new Error(`the status was answered with ${response.statusCode}`));
        },
      );
      sent.on('error', reject);
      sent.end(JSON.stringify({ status: { status } }));
    });
  }

  /** A namespace with the standalone proxy `team` and its policies, all in force. */
  async function applied(): Promise<string> {
    const namespace = await server.namespace();
    const { code, stderr } = await apply(namespace);
    expect(code, stderr).toBe(0);
    await setStatus(namespace, IN_FORCE);
    return namespace;
  }

  /** Changes an object as somebody would by hand. */
  async function change(namespace: string, object: WrittenObject): Promise<void> {
    await server.admin.apply(
      { ...object, metadata: { ...object.metadata, namespace } },
      { fieldManager: 'by-hand', force: true },
    );
  }

  async function egressOf(namespace: string): Promise<readonly object[]> {
    const { spec } = await server.admin.get(FIREWALL, 'default', { namespace });
    return (spec as { egress: readonly object[] }).egress;
  }

  const firewall = (egress: readonly object[]): WrittenObject => ({
    ...FIREWALL,
    metadata: { name: 'default' },
    spec: { egress },
  });

  const diff = async (namespace: string, ...more: readonly string[]) => {
    const { code, stdout, stderr } = await policy(
      ...[
        'diff',
        `file:${allowlist}`,
        `cluster:${namespace}`,
        '-o',
        'json',
        '--target',
        'openshift',
        ...more,
      ],
    );
    if (code !== 0 && code !== 1) throw new Error(stderr);
    const { differences: rows } = JSON.parse(stdout) as {
      differences: readonly Readonly<Record<string, unknown>>[];
    };
    return { code, rows };
  };

  it('apply makes all objects, and diff then finds nothing', async () => {
    const namespace = await applied();
    expect(await diff(namespace)).toEqual({ code: 0, rows: [] });
    const again = await apply(namespace);
    expect(again.stderr).toMatch(/0 of \d+ objects changed/);
  });

  it('diff finds a rule that was added by hand: in the proxy’s rules and in a firewall', async () => {
    const namespace = await applied();
    await change(namespace, {
      ...CONFIG_MAP,
      metadata: { name: 'team-allowlist' },
      data: { 'allowlist.yaml': `${RULES}- paste.example.org\n` },
    });
    const allow = { type: 'Allow', to: { dnsName: 'leak.example.net' } };
    await change(namespace, firewall([allow, ...(await egressOf(namespace))]));
    const { code, rows } = await diff(namespace);
    expect(code).toBe(1);
    expect(rows).toContainEqual(
      expect.objectContaining({ change: 'added', rule: 'paste.example.org', layer: 'allowlist' }),
    );
    expect(rows).toContainEqual(
      expect.objectContaining({
        change: 'added',
        rule: expect.stringMatching(/^leak\.example\.net/),
        layer: 'EgressFirewall',
      }),
    );
  });

  it('diff finds an EgressFirewall without a final Deny', async () => {
    const namespace = await applied();
    const egress = await egressOf(namespace);
    await change(namespace, firewall(egress.slice(0, -2)));
    const { rows } = await diff(namespace);
    expect(rows).toContainEqual(
      expect.objectContaining({ change: 'unenforced', code: 'egress-firewall-no-final-deny', risk: 'high' }),
    );
  });

  it.each([
    [
      'failed',
      'EgressFirewall Rules not correctly applied: zone a: cannot resolve *.example.com',
      'egress-firewall-status-failed',
    ],
    ['is not there yet', '', 'egress-firewall-status-missing'],
  ])('diff finds an EgressFirewall whose status %s', async (_what, status, code) => {
    const namespace = await applied();
    await setStatus(namespace, status);
    expect((await diff(namespace)).rows).toContainEqual(
      expect.objectContaining({ change: 'unenforced', code }),
    );
  });

  it('diff finds an EgressFirewall that denies IPv4 alone, where pods have both', async () => {
    const namespace = await applied();
    const egress = await egressOf(namespace);
    await change(namespace, firewall(egress.filter((rule) => !JSON.stringify(rule).includes('"::/0"'))));
    expect((await diff(namespace)).rows).toContainEqual(
      expect.objectContaining({ change: 'unenforced', code: 'egress-firewall-family-open' }),
    );
  });

  it('diff finds a second NetworkPolicy that opens the pod', async () => {
    const namespace = await applied();
    await change(namespace, {
      ...NETWORK_POLICY,
      metadata: { name: 'helpful' },
      spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] },
    });
    const { rows } = await diff(namespace);
    expect(rows).toContainEqual(
      expect.objectContaining({ change: 'unenforced', code: 'network-policy-opened-by-other' }),
    );
    expect(JSON.stringify(rows)).toContain('NetworkPolicy/helpful');
  });

  it('diff finds a policy that is missing', async () => {
    const namespace = await applied();
    await server.admin.remove(NETWORK_POLICY, 'team-egress', { namespace });
    const { rows } = await diff(namespace);
    expect(
      rows
        .filter(({ change: what }) => what === 'unenforced')
        .map((row) => JSON.stringify(row))
        .join(),
    ).toContain('NetworkPolicy/team-egress');
  });

  it('diff finds port 53 without 5353, which OpenShift needs', async () => {
    const namespace = await applied();
    const { spec } = await server.admin.get(NETWORK_POLICY, 'team-clients', { namespace });
    const written = JSON.parse(JSON.stringify(spec), (key, value) =>
      key === 'ports' && Array.isArray(value) ? value.filter(({ port }) => port !== 5353) : value,
    );
    await change(namespace, { ...NETWORK_POLICY, metadata: { name: 'team-clients' }, spec: written });
    expect((await diff(namespace)).rows).toContainEqual(
      expect.objectContaining({ change: 'unenforced', code: 'network-policy-dns-port-missing' }),
    );
  });

  it('diff finds a proxy that runs an older allowlist', async () => {
    const namespace = await applied();
    const proxy = untilTestEnds(await startProxy(['--allowed-domains', 'api.example.com,old.example.com']));
    const { code, rows } = await diff(namespace, '--proxy', `http://127.0.0.1:${proxy.adminPort}`);
    expect(code).toBe(1);
    expect(rows).toContainEqual(expect.objectContaining({ code: 'proxy-older-allowlist' }));
    expect(JSON.stringify(rows)).toContain('old.example.com');
  });

  it('diff finds a proxy that only reports, in a namespace and by itself', async () => {
    const namespace = await applied();
    const proxy = untilTestEnds(await startProxy(['--allowlist', allowlist, '--report-only']));
    const url = `http://127.0.0.1:${proxy.adminPort}`;
    const { code, rows } = await diff(namespace, '--proxy', url);
    expect(code).toBe(1);
    expect(rows).toMatchObject([{ code: 'proxy-report-only', risk: 'high' }]);
    const alone = await policy('diff', `file:${allowlist}`, `proxy:${url}`);
    expect(alone.code).toBe(1);
    expect(alone.stdout).toContain('it lets everything pass');
  });

  it('diff finds what pods of the proxy are like, and pods that a policy selects by other labels', async () => {
    const namespace = await applied();
    const labels = { 'paude.io/egress-proxy': 'team' };
    const pod = (name: string, role: string, spec: object = {}): WrittenObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { ...labels, role } },
      spec: { containers: [{ name: 'agent', image: 'none' }], ...spec },
    });
    await change(namespace, pod('a', 'one'));
    await change(namespace, pod('b', 'two', { hostNetwork: true }));
    await change(namespace, {
      ...NETWORK_POLICY,
      metadata: { name: 'helpful' },
      spec: { podSelector: { matchLabels: { role: 'two' } }, policyTypes: ['Egress'], egress: [{}] },
    });
    const { rows } = await diff(namespace);
    for (const code of ['pod-host-network', 'pods-held-otherwise', 'network-policy-opened-by-other'])
      expect(rows).toContainEqual(expect.objectContaining({ code, change: 'unenforced', risk: 'high' }));
  });

  it('diff finds a policy of ours that somebody has opened to other pods', async () => {
    const namespace = await applied();
    const { spec } = await server.admin.get(NETWORK_POLICY, 'team-ingress', { namespace });
    await change(namespace, {
      ...NETWORK_POLICY,
      metadata: { name: 'team-ingress' },
      spec: { ...(spec as object), ingress: [{}] },
    });
    expect((await diff(namespace)).rows).toContainEqual(
      expect.objectContaining({ code: 'network-policy-ingress-open', risk: 'high' }),
    );
  });

  it('diff tells a user who may not list the kinds of the whole cluster that they were not looked at', async () => {
    const namespace = await applied();
    const every = { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list'] };
    const kubeconfig = await server.userKubeconfig(namespace, [every]);
    const { code, rows } = await diff(namespace, '--kubeconfig', kubeconfig);
    expect(code).toBe(1);
    expect(rows.map(({ code: what }) => what)).toEqual(rows.map(() => 'kind-unlisted'));
    expect(JSON.stringify(rows)).toContain('ClusterNetworkPolicy');
  });

  it('a dry run shows the server’s own difference, and changes nothing', async () => {
    const namespace = await applied();
    const wider = await directory.write('wider.yaml', `${RULES}- new.example.com\n`);
    const args = [
      '--allowlist',
      wider,
      '--standalone',
      'team',
      '-n',
      namespace,
      '--target',
      'openshift',
      ...KINDS,
    ];
    const { code, stdout } = await policy('apply', ...args, '--dry-run', 'server');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\+ .*new\.example\.com/m);
    expect(stdout).not.toContain('managedFields');
    expect(await diff(namespace)).toEqual({ code: 0, rows: [] });
  });

  it('apply undoes everything when one object is refused', async () => {
    const namespace = await server.namespace();
    await change(namespace, firewall([{ type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } }]));
    const { code, stderr } = await apply(namespace);
    expect(code).toBe(1);
    expect(stderr).toContain('by-hand');
    const { items } = await server.admin.list(NETWORK_POLICY, { namespace });
    expect(items).toEqual([]);
    expect(await egressOf(namespace)).toHaveLength(1);
  });

  it('apply refuses where another policy opens the pods all the same', async () => {
    const namespace = await server.namespace();
    await change(namespace, {
      ...NETWORK_POLICY,
      metadata: { name: 'helpful' },
      spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] },
    });
    const { code, stderr } = await apply(namespace);
    expect(code).toBe(1);
    expect(stderr).toContain('Cannot apply the policies');
    expect(stderr).toContain('helpful');
    expect((await apply(namespace, '--allow-fail-open')).code).toBe(0);
  });

  it('apply takes back an EgressFirewall that the cluster cannot put in force', async () => {
    const namespace = await server.namespace();
    const applying = apply(namespace, '--wait', '20s');
    for (;;) {
      const there = await server.admin.find(FIREWALL, 'default', { namespace });
      if (there !== undefined) break;
    }
    await setStatus(namespace, 'EgressFirewall Rules not correctly applied: error');
    const { code, stderr } = await applying;
    expect(code).toBe(1);
    expect(stderr).toContain('Cannot put the EgressFirewall in force "default"');
    expect(await server.admin.find(FIREWALL, 'default', { namespace })).toBeUndefined();
    expect((await server.admin.list(NETWORK_POLICY, { namespace })).items).toEqual([]);
  });

  it('audit and explain tell the layers of a live namespace', async () => {
    const namespace = await applied();
    const audit = await policy('audit', `cluster:${namespace}`);
    expect(audit.code, audit.stdout).toBe(0);
    const explained = await policy(
      'explain',
      'api.example.com',
      '--in',
      `cluster:${namespace}`,
      '-o',
      'json',
    );
    const { verdict, steps } = JSON.parse(explained.stdout);
    expect(verdict).toBe('allow');
    expect(steps.map(({ layer }: { layer: string }) => layer).join()).toMatch(
      /NetworkPolicy.*EgressFirewall/,
    );
    const refused = await policy('explain', 'evil.example.org', '--in', `cluster:${namespace}`, '-o', 'json');
    expect(JSON.parse(refused.stdout).verdict).toBe('deny');
  });

  it.each([
    [['diff', 'default', 'cluster:no-such-namespace'], 2, 'no-such-namespace'],
    [['diff', 'default', 'cluster:no-such-context/x'], 2, 'no-such-context'],
    [['audit', 'session:nobody'], 2, 'nobody'],
  ])('says why it cannot: %j', async (args, code, why) => {
    const said = await policy(...args);
    expect({ code: said.code, stdout: said.stdout }).toEqual({ code, stdout: '' });
    expect(said.stderr).toContain(why);
  });
});
