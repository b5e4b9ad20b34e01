import { parseCidr } from '@paude/allowlist';
import {
  type DnsMode,
  type EmitterKind,
  type Intent,
  type IpFamilies,
  namespaceIntent,
  type Platform,
  sessionIntent,
  standaloneIntent,
} from '@paude/policy';
import { type Command, Option } from 'commander';
import { commandLineError } from '../command-line-error.ts';

/** The flags that say what policies are for. */
export interface IntentFlags {
  readonly session?: string;
  readonly standalone?: string;
  readonly namespace?: string;
  readonly target: Platform;
  readonly kind?: readonly Kind[];
  readonly dns?: DnsMode;
  readonly ipFamilies: IpFamilies;
  readonly allowPrivate?: readonly string[];
  readonly proxyPort: number;
  readonly wildcardNames?: boolean;
  readonly widen?: boolean;
  readonly clientsIn?: string;
}

/** What can be generated: the kinds of policies, and the objects that run a standalone proxy. */
export type Kind = EmitterKind | 'bundle';

export const PLATFORMS: readonly Platform[] = [
  'kubernetes',
  'openshift',
  'cilium',
  'gke',
  'eks',
  'antrea',
  'istio',
];

const KINDS: readonly Kind[] = [
  'NetworkPolicy',
  'EgressFirewall',
  'EgressNetworkPolicy',
  'CiliumNetworkPolicy',
  'ClusterNetworkPolicy',
  'FQDNNetworkPolicy',
  'ApplicationNetworkPolicy',
  'AntreaNetworkPolicy',
  'Istio',
  'bundle',
];

/** The kind of each platform that can say names, to go beside NetworkPolicy. */
const NAMED_KIND: Readonly<Record<Platform, EmitterKind | undefined>> = {
  kubernetes: undefined,
  openshift: undefined,
  cilium: 'CiliumNetworkPolicy',
  gke: 'FQDNNetworkPolicy',
  eks: 'ApplicationNetworkPolicy',
  antrea: 'AntreaNetworkPolicy',
  istio: 'Istio',
};

/** Adds the flags that say what policies are for. */
export function withIntentOptions(command: Command): Command {
  return command
    .optionsGroup('What it is for:')
    .addOption(new Option('--session <name>', 'a session: its pod and its proxy').conflicts('standalone'))
    .option('--standalone <name>', 'a proxy of its own, and the pods that may use it')
    .option('-n, --namespace <name>', 'the namespace; without --session and --standalone all of its pods')
    .option('--clients-in <namespace>', 'where the clients of a standalone proxy are (default: its own)')
    .optionsGroup('What enforces it:')
    .addOption(new Option('--target <platform>', 'the platform').choices(PLATFORMS).default('kubernetes'))
    .addOption(
      new Option('--kind <kind>', 'only these kinds of objects (repeatable; default: by target)').argParser(
        collectKind,
      ),
    )
    .addOption(
      new Option('--dns <mode>', 'where pods ask for names; none: nowhere, the proxy does').choices([
        'kube-dns',
        'openshift',
        'node-local',
        'none',
      ]),
    )
    .addOption(
      new Option('--ip-families <families>', 'the addresses that pods have')
        .choices(['ipv4', 'ipv6', 'dual'])
        .default('dual'),
    )
    .option(
      '--allow-private <cidr>',
      'a private range that may be reached all the same (repeatable)',
      (value: string, before: readonly string[] = []) => [...before, value],
    )
    .option('--proxy-port <port>', 'the port of the proxy’s pods', parsePort, 3128)
    .option('--wildcard-names', 'wildcards work in an EgressFirewall here (the DNS name resolver runs)')
    .option('--widen', 'let more pass where a kind cannot say a rule, instead of less');
}

/**
 * What the flags mean.
 *
 * @throws PaudeError `policy-invalid`, `cidr-invalid`, `command-line-invalid`.
 */
export function intentOf(flags: IntentFlags, atMs: number): Intent {
  const { session, standalone, namespace = 'default', clientsIn } = flags;
  const options = {
    namespace,
    atMs,
    platform: flags.target,
    families: flags.ipFamilies,
    allowPrivate: (flags.allowPrivate ?? []).map(parseCidr),
    proxyPort: flags.proxyPort,
    wildcardFirewallNames: flags.wildcardNames === true,
    inexpressible: flags.widen === true ? ('widen' as const) : ('narrow' as const),
    ...(flags.dns === undefined ? {} : { dns: flags.dns }),
  };
  if (session !== undefined) return sessionIntent(session, options);
  if (standalone === undefined) return namespaceIntent(namespace, options);
  return standaloneIntent(standalone, {
    ...options,
    ...(clientsIn === undefined ? {} : { clients: { namespace: clientsIn } }),
  });
}

/** The kinds that are wanted: those named, else what the target takes and the form needs. */
export function kindsOf(flags: IntentFlags): readonly Kind[] {
  if (flags.kind !== undefined) return [...new Set(flags.kind)];
  const named = NAMED_KIND[flags.target];
  const policies: Kind[] = named === undefined ? ['NetworkPolicy'] : ['NetworkPolicy', named];
  return flags.standalone === undefined ? policies : ['bundle', ...policies];
}

function collectKind(value: string, before: readonly Kind[] = []): Kind[] {
  const kind = KINDS.find((known) => known.toLowerCase() === value.toLowerCase());
  if (kind !== undefined) return [...before, kind];
  throw commandLineError({
    action: 'use the kind',
    input: value,
    why: 'there is none of that name',
    remedy: `Use one of ${KINDS.join(', ')}`,
  });
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw commandLineError({
    action: 'use the port',
    input: text,
    why: 'it is not a number from 1 to 65535',
    remedy: 'Write it as in 3128',
  });
}
