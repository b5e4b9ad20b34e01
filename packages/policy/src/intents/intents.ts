import type { Cidr } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import type { DnsMode, Intent, IpFamilies, Platform, PodGroup } from '../model/intent.ts';
import { checkLabels, checkName } from './check-names.ts';

/** What an intent is made of; what is left out has the platform's default. */
export interface IntentOptions {
  readonly namespace: string;
  /** The moment for which it is made, milliseconds since 1970. */
  readonly atMs: number;
  /** @default 'kubernetes' */
  readonly platform?: Platform | undefined;
  /** @default 'openshift' on OpenShift, else 'kube-dns' */
  readonly dns?: DnsMode | undefined;
  /** @default 'dual' */
  readonly families?: IpFamilies | undefined;
  /** Private ranges that the proxy may reach. @default [] */
  readonly allowPrivate?: readonly Cidr[] | undefined;
  /** @default 3128 */
  readonly proxyPort?: number | undefined;
  /** Whether wildcard names work in an EgressFirewall. @default false */
  readonly wildcardFirewallNames?: boolean | undefined;
  /** @default 'narrow' */
  readonly inexpressible?: 'narrow' | 'widen' | undefined;
  /** Labels for every object. @default {} */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Pods that may read the proxy's metrics. @default nobody */
  readonly monitoring?: PodGroup | undefined;
}

/** Where the clients of a standalone proxy are. */
export interface StandaloneOptions extends IntentOptions {
  /** One namespace by name, or those with these labels. @default the proxy's namespace */
  readonly clients?: Pick<PodGroup, 'namespace' | 'namespaceLabels'> | undefined;
}

/** How every pod of a namespace is held. */
export interface NamespaceOptions extends Omit<IntentOptions, 'namespace'> {
  /** The proxy that they go through; without one pods are held by what the kind itself can say. @default none */
  readonly proxy?: PodGroup | undefined;
}

/** The label by which a pod becomes a client of the standalone proxy that is its value. */
const CLIENT_LABEL = 'paude.io/egress-proxy';

/**
 * One agent and its proxy. The longest name is that of the Service `paude-proxy-NAME`, 63 characters, and of the
 * StatefulSet `paude-NAME`, 52: its pods get a label that is 11 longer.
 *
 * @throws PaudeError `policy-invalid`.
 */
export function sessionIntent(name: string, options: IntentOptions): Intent {
  checkName(name, {
    action: 'name the session',
    maxLength: 46,
    whyLength: 'the StatefulSet paude-NAME may have 52',
  });
  const session = { 'paude.io/session-name': name };
  return intentOf({
    ...options,
    form: 'session',
    name,
    workload: { labels: { app: 'paude', ...session } },
    proxy: { labels: { app: 'paude-proxy', ...session } },
  });
}

/**
 * A proxy and the pods that are labelled as its clients (`paude.io/egress-proxy=NAME`).
 *
 * @throws PaudeError `policy-invalid`.
 */
export function standaloneIntent(name: string, options: StandaloneOptions): Intent {
  const { clients, ...rest } = options;
  checkName(name, {
    action: 'name the proxy',
    maxLength: 63,
    whyLength: 'its Service is named so',
    startsWithLetter: true,
  });
  if (clients?.namespace !== undefined) checkNamespace(clients.namespace);
  if (clients?.namespaceLabels !== undefined) checkLabels(clients.namespaceLabels, 'choose the clients');
  return intentOf({
    ...rest,
    form: 'standalone',
    name,
    workload: { labels: { [CLIENT_LABEL]: name }, ...clients },
    proxy: { labels: { 'app.kubernetes.io/name': 'paude-proxy', 'app.kubernetes.io/instance': name } },
  });
}

/**
 * Every pod of a namespace.
 *
 * @throws PaudeError `policy-invalid`.
 */
export function namespaceIntent(namespace: string, options: NamespaceOptions): Intent {
  const { proxy } = options;
  if (proxy !== undefined) checkLabels(proxy.labels, 'choose the proxy');
  return intentOf({
    ...options,
    form: 'namespace',
    name: namespace,
    namespace,
    workload: { labels: {} },
    proxy,
  });
}

interface Parts extends IntentOptions, Pick<Intent, 'form' | 'name' | 'workload' | 'proxy'> {}

function intentOf(parts: Parts): Intent {
  const {
    form,
    name,
    namespace,
    workload,
    proxy,
    platform = 'kubernetes',
    labels = {},
    proxyPort = 3128,
  } = parts;
  checkNamespace(namespace);
  checkLabels(labels, 'label the objects');
  if (!Number.isInteger(proxyPort) || proxyPort < 1 || proxyPort > 65_535) {
    throw new PaudeError('policy-invalid', {
      action: 'use the port of the proxy',
      input: String(proxyPort),
      why: 'it is no port',
      remedy: 'Name a number from 1 to 65535',
    });
  }
  return {
    form,
    name,
    namespace,
    workload,
    proxy,
    monitoring: parts.monitoring,
    proxyPort,
    platform,
    dns: parts.dns ?? platformDns(platform),
    families: parts.families ?? 'dual',
    allowPrivate: parts.allowPrivate ?? [],
    wildcardFirewallNames: parts.wildcardFirewallNames ?? false,
    inexpressible: parts.inexpressible ?? 'narrow',
    labels,
    atMs: parts.atMs,
  };
}

/** Where pods ask for names on a platform, unless somebody has set up something else. */
export function platformDns(platform: Platform): DnsMode {
  return platform === 'openshift' ? 'openshift' : 'kube-dns';
}

function checkNamespace(namespace: string): void {
  checkName(namespace, {
    action: 'use the namespace',
    maxLength: 63,
    whyLength: 'a namespace is a DNS label',
  });
}
