/** An object of a kind that its cluster accepts, and what it refuses. */
export interface KindSample {
  readonly apiVersion: string;
  readonly kind: string;
  /** @default 'sample' */
  readonly name?: string;
  readonly spec: Readonly<Record<string, unknown>>;
  /** What is wrong, the spec that is, and what the server says. */
  readonly refused: readonly (readonly [
    what: string,
    spec: Readonly<Record<string, unknown>>,
    reason: RegExp,
  ])[];
}

const podSelector = { matchLabels: { app: 'paude' } };
const long = `${'a'.repeat(250)}.example.com`;
const many = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));

const firewallRule = (to: Readonly<Record<string, string>>) => ({ egress: [{ type: 'Allow', to }] });
const ciliumNames = (...toFQDNs: readonly Readonly<Record<string, string>>[]) => ({
  endpointSelector: podSelector,
  egress: [{ toFQDNs }],
});
const clusterRule = (rule: Readonly<Record<string, unknown>>) => ({
  tier: 'Admin',
  priority: 10,
  subject: { namespaces: { matchLabels: { team: 'a' } } },
  egress: [{ action: 'Accept', to: [{ domainNames: ['*.example.com'] }], ...rule }],
});
const gkeMatch = (match: Readonly<Record<string, string>>) => ({
  podSelector,
  egress: [{ matches: [match] }],
});
const eksPeer = (peer: Readonly<Record<string, unknown>>) => ({ podSelector, egress: [{ to: [peer] }] });
const entry = (more: Readonly<Record<string, unknown>>) => ({
  hosts: ['*.example.com'],
  location: 'MESH_EXTERNAL',
  resolution: 'NONE',
  ports: [{ number: 443, name: 'tls', protocol: 'TLS' }],
  ...more,
});

export const kindSamples: readonly KindSample[] = [
  {
    apiVersion: 'k8s.ovn.org/v1',
    kind: 'EgressFirewall',
    name: 'default',
    spec: {
      egress: [
        { type: 'Allow', to: { dnsName: '*.example.com' }, ports: [{ port: 443, protocol: 'TCP' }] },
        { type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } },
      ],
    },
    refused: [
      [
        'with two destinations in a rule',
        firewallRule({ dnsName: 'a.test', cidrSelector: '0.0.0.0/0' }),
        /at most 1/,
      ],
      ['with a rule to nowhere', firewallRule({}), /at least 1/],
      ['with a wildcard in the middle', firewallRule({ dnsName: 'a.*.test' }), /dnsName.*should match/],
      ['without rules', {}, /spec\.egress.*Required/],
      [
        'with port 0',
        { egress: [{ type: 'Deny', to: { dnsName: 'a.test' }, ports: [{ port: 0, protocol: 'TCP' }] }] },
        /greater than or equal to 1/,
      ],
    ],
  },
  {
    apiVersion: 'network.openshift.io/v1',
    kind: 'EgressNetworkPolicy',
    spec: firewallRule({ dnsName: 'example.com' }),
    refused: [
      ['with a wildcard', firewallRule({ dnsName: '*.example.com' }), /dnsName.*should match/],
      [
        'with more than 1,000 rules',
        { egress: many(1001, (index) => ({ type: 'Allow', to: { dnsName: `a${index}.test` } })) },
        /at most 1000/,
      ],
    ],
  },
  {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    spec: {
      endpointSelector: podSelector,
      egress: [
        { toFQDNs: [{ matchName: 'example.com' }, { matchPattern: '**.example.com' }] },
        {
          toEndpoints: [{ matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'kube-system' } }],
          toPorts: [
            { ports: [{ port: '53', protocol: 'ANY' }], rules: { dns: [{ matchPattern: '*.example.com' }] } },
          ],
        },
      ],
    },
    refused: [
      [
        'with a name of more than 255 characters',
        ciliumNames({ matchName: long }),
        /may not be more than 255|Too long/,
      ],
      ['with a wildcard in a name', ciliumNames({ matchName: '*.example.com' }), /matchName.*should match/],
      [
        'with both a name and a pattern',
        ciliumNames({ matchName: 'a.test', matchPattern: '*' }),
        /oneOf|one and only/,
      ],
      [
        'with names beside other destinations',
        {
          endpointSelector: podSelector,
          egress: [{ toFQDNs: [{ matchName: 'a.test' }], toEntities: ['world'] }],
        },
        /toFQDNs cannot be combined/,
      ],
      ['without a direction', { endpointSelector: podSelector }, /anyOf|spec\.(in|e)gress/],
      [
        'with 41 ports in a list',
        {
          endpointSelector: podSelector,
          egress: [
            { toPorts: [{ ports: many(41, (index) => ({ port: String(index + 1), protocol: 'TCP' })) }] },
          ],
        },
        /at most 40/,
      ],
    ],
  },
  {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    spec: clusterRule({ protocols: [{ tcp: { destinationPort: { number: 443 } } }] }),
    refused: [
      ['that denies domain names', clusterRule({ action: 'Deny' }), /only be used with Accept/],
      [
        'with 26 names in a peer',
        clusterRule({ to: [{ domainNames: many(26, (index) => `a${index}.test`) }] }),
        /at most 25/,
      ],
      [
        'with 26 peers in a rule',
        clusterRule({ to: many(26, (index) => ({ domainNames: [`a${index}.test`] })) }),
        /at most 25/,
      ],
      [
        'with 26 rules',
        {
          ...clusterRule({}),
          egress: many(26, () => ({ action: 'Deny', to: [{ networks: ['0.0.0.0/0'] }] })),
        },
        /at most 25/,
      ],
      ['with a name of one label', clusterRule({ to: [{ domainNames: ['localhost'] }] }), /should match/],
      ['with a range that is none', clusterRule({ to: [{ networks: ['10.0.0.0'] }] }), /no address range/],
      [
        'with a backward port range',
        clusterRule({ protocols: [{ tcp: { destinationPort: { range: { start: 9, end: 8 } } } }] }),
        /below its end/,
      ],
    ],
  },
  {
    apiVersion: 'networking.gke.io/v1alpha1',
    kind: 'FQDNNetworkPolicy',
    spec: {
      podSelector,
      egress: [
        {
          matches: [{ name: 'example.com' }, { pattern: '*.example.com' }],
          ports: [{ protocol: 'TCP', port: 443 }],
        },
      ],
    },
    refused: [
      ['with a wildcard in a name', gkeMatch({ name: '*.example.com' }), /name.*should match/],
      ['with both a name and a pattern', gkeMatch({ name: 'a.test', pattern: '*.test' }), /at most 1/],
      ['without a podSelector', { egress: [{ matches: [{ name: 'a.test' }] }] }, /podSelector.*Required/],
    ],
  },
  {
    apiVersion: 'networking.k8s.aws/v1alpha1',
    kind: 'ApplicationNetworkPolicy',
    spec: { policyTypes: ['Egress'], ...eksPeer({ domainNames: ['*.example.com'] }) },
    refused: [
      [
        'with names beside a range',
        eksPeer({ domainNames: ['a.test'], ipBlock: { cidr: '10.0.0.0/8' } }),
        /cannot be combined/,
      ],
      ['without a podSelector', { policyTypes: ['Egress'] }, /podSelector.*Required/],
    ],
  },
  {
    apiVersion: 'crd.antrea.io/v1beta1',
    kind: 'NetworkPolicy',
    spec: {
      priority: 5,
      tier: 'application',
      appliedTo: [{ podSelector }],
      egress: [{ action: 'Allow', to: [{ fqdn: '*.example.com' }], ports: [{ protocol: 'TCP', port: 443 }] }],
    },
    refused: [
      ['without a priority', { appliedTo: [{ podSelector }] }, /priority.*Required/],
      ['with an action of other systems', { priority: 5, egress: [{ action: 'Deny' }] }, /Unsupported value/],
    ],
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    spec: entry({}),
    refused: [
      ['with a bare wildcard', entry({ hosts: ['*'] }), /bare wildcard/],
      [
        'with endpoints that it does not use',
        entry({ endpoints: [{ address: '10.0.0.1' }] }),
        /takes no endpoints/,
      ],
      [
        'with a port twice',
        entry({
          ports: [
            { number: 443, name: 'a' },
            { number: 443, name: 'b' },
          ],
        }),
        /same number/,
      ],
    ],
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Sidecar',
    spec: {
      workloadSelector: { labels: { app: 'paude' } },
      egress: [{ hosts: ['./*'] }],
      outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
    },
    refused: [['with a mode that is none', { outboundTrafficPolicy: { mode: 'DENY' } }, /Unsupported value/]],
  },
];
