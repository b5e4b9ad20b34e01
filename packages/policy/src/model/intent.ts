import type { Cidr } from '@paude/allowlist';

/** Pods by their labels; no labels are all pods of the namespaces. */
export interface PodGroup {
  readonly labels: Readonly<Record<string, string>>;
  /** Where they are: one namespace by name, or all with these labels. @default the intent's namespace */
  readonly namespace?: string;
  readonly namespaceLabels?: Readonly<Record<string, string>>;
}

/** What enforces objects, and so which kinds are of use there. */
export type Platform = 'kubernetes' | 'openshift' | 'cilium' | 'gke' | 'eks' | 'antrea' | 'istio';

/** Where pods ask for names: `none` closes DNS to the workload altogether (the proxy resolves). */
export type DnsMode = 'kube-dns' | 'openshift' | 'node-local' | 'none';

/** The address families that pods have routes for. */
export type IpFamilies = 'ipv4' | 'ipv6' | 'dual';

/** What the objects are for: whose traffic is held, by which proxy, in which kind of cluster. */
export interface Intent {
  /** `session`: one agent and its proxy; `standalone`: a proxy and who may use it; `namespace`: every pod of a namespace. */
  readonly form: 'session' | 'standalone' | 'namespace';
  /** The session's, proxy's or namespace's name, a DNS label. */
  readonly name: string;
  readonly namespace: string;
  /** The pods whose only way out is the proxy. */
  readonly workload: PodGroup;
  /** The proxy's pods; undefined where pods are held by names directly, without a proxy. */
  readonly proxy?: PodGroup | undefined;
  /** Pods that may read the proxy's metrics on its admin port. @default nobody */
  readonly monitoring?: PodGroup | undefined;
  /** The port of the proxy's pods, not of its Service. */
  readonly proxyPort: number;
  readonly platform: Platform;
  readonly dns: DnsMode;
  readonly families: IpFamilies;
  /** Private ranges that the proxy may reach all the same. */
  readonly allowPrivate: readonly Cidr[];
  /** Whether wildcard names work in an EgressFirewall here (the DNS name resolver runs). */
  readonly wildcardFirewallNames: boolean;
  /** What to do with an allow rule that a kind cannot say: leave it out, or let more pass. Both are diagnosed. */
  readonly inexpressible: 'narrow' | 'widen';
  /** Labels that every object gets beside its own. */
  readonly labels: Readonly<Record<string, string>>;
  /** The moment for which it is made, milliseconds since 1970: rules that have expired by then are left out. */
  readonly atMs: number;
}
