import type { Address, Allowlist } from '@paude/allowlist';
import type { Platform } from './intent.ts';
import type { KubernetesObject } from './object.ts';

/** A packet's destination as a policy sees it: the name that was looked up, where there is one, and the address. */
export interface Destination {
  /** Canonical; undefined for an address that no name was looked up for. */
  readonly host?: string;
  readonly address?: Address;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** The pod that has the address; undefined for a destination outside the cluster. */
  readonly pod?: DestinationPod;
}

/** A pod as a peer of a policy. */
export interface DestinationPod {
  readonly labels: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
}

/** What objects say of a destination; `unknown` when it depends on what is not in them (nodes, names without addresses). */
export type Verdict = 'allow' | 'deny' | 'unknown';

/** Something about a live object that makes it weaker, or another thing, than it claims. */
export interface Weakness {
  /** Stable, kebab-case: `egress-firewall-no-final-deny`. */
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'info';
  /** `KIND/NAME`, as a person would look it up. */
  readonly object: string;
  /** One clause, without a full stop. */
  readonly message: string;
  /** What to do, without a full stop. */
  readonly remedy: string;
}

/** What objects of one kind, read back, allow. */
export interface Lifted {
  /** What they let pass, in the words of an allowlist: rules' sources name the object (`file`: `EgressFirewall/default`). */
  readonly allowlist: Allowlist;
  /** Whether the objects leave what they do not name open: the allowlist is then the word `all`, less what they deny. */
  readonly isFailOpen: boolean;
  readonly weaknesses: readonly Weakness[];
}

/** Reads the objects of one kind back. Pure; objects come from a cluster or a file and may be anything. */
export interface KindReader {
  readonly kind: string;
  /** The `apiVersion`s without the version: `k8s.ovn.org`. */
  readonly group: string;
  lift(objects: readonly KubernetesObject[], context: LiftContext): Lifted;
  evaluate(objects: readonly KubernetesObject[], destination: Destination, context: LiftContext): Verdict;
}

/** Whose traffic is asked about. */
export interface LiftContext {
  /** The labels of the pod. */
  readonly podLabels: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly families: 'ipv4' | 'ipv6' | 'dual';
  readonly wildcardFirewallNames: boolean;
  /** The kind of cluster, where it is known. */
  readonly platform?: Platform;
  /**
   * The policies that were made for the pod, in every form that they may have: pods that these name are meant to be reached,
   * or to reach it, and no others are. @default which pods are meant is not known
   */
  readonly meant?: readonly KubernetesObject[] | undefined;
}
