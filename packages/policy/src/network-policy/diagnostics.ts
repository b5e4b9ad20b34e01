import type { Rule } from '@paude/allowlist';
import { objectNames } from '../intents/object-names.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Intent } from '../model/intent.ts';
import type { EmittedObject } from '../model/object.ts';
import type { ActiveRules } from './rule-ports.ts';
import type { WorldRules } from './world-rules.ts';

const KIND = 'NetworkPolicy';

/** What the API server takes, less what it adds itself: etcd refuses requests above 1.5 MiB. */
const MAX_CHARACTERS = 1_048_576;

type Finding = Omit<Diagnostic, 'kind' | 'severity' | 'object'> & {
  readonly severity?: Diagnostic['severity'];
  readonly object?: string | undefined;
};

function finding({ severity = 'info', object, ...rest }: Finding): Diagnostic {
  return { ...rest, severity, kind: KIND, ...(object === undefined ? {} : { object }) };
}

interface EmittedWorld {
  readonly intent: Intent;
  readonly world: WorldRules;
  /** The policy that has the world's rules. */
  readonly object: string;
}

/** What the policy makes of the allowlist's rules. */
export function allowlistDiagnostics(
  active: ActiveRules,
  { intent, world, object }: EmittedWorld,
): Diagnostic[] {
  const { allows, denies } = active;
  if (allows.length === 0) {
    return [
      finding({
        code: 'network-policy-empty',
        effect: 'note',
        object,
        message: 'no rule of the allowlist counts, so that nothing but DNS is open',
        remedy: 'Add what is to be reached',
      }),
    ];
  }
  const isNamed = ({ pattern }: Rule): boolean => pattern.kind !== 'address' && pattern.kind !== 'any';
  const held = intent.proxy === undefined ? directNames(active, { intent, object }) : [];
  if (intent.proxy !== undefined && (allows.some(isNamed) || denies.length > 0)) {
    held.push(
      finding({
        code: 'network-policy-names-left-to-proxy',
        effect: 'widened',
        object,
        message:
          'a NetworkPolicy knows no names and no denies, so that it opens every public address at the ports',
        remedy: 'Rely on the proxy for names; it refuses what the allowlist does not allow',
      }),
    );
  }
  return [...held, ...allows.flatMap((rule) => widthOf(rule, object)), ...leftOut(world, { intent, object })];
}

function widthOf(rule: Rule, object: string): Diagnostic[] {
  if (rule.pattern.kind === 'any') {
    return [
      finding({
        code: 'network-policy-allows-all',
        effect: 'note',
        severity: 'warning',
        object,
        rule,
        message: 'it opens every public address',
        remedy: 'Name hosts instead',
      }),
    ];
  }
  if (rule.ports !== 'all') return [];
  return [
    finding({
      code: 'network-policy-all-ports',
      effect: rule.pattern.kind === 'address' ? 'note' : 'widened',
      severity: 'warning',
      object,
      rule,
      message: 'it opens every port, for a policy of names to every public address',
      remedy: 'Name the ports',
    }),
  ];
}

/** Rules about names where no proxy decides on them: left out or widened, and said one by one. */
function directNames(
  { allows, denies }: ActiveRules,
  { intent, object }: Omit<EmittedWorld, 'world'>,
): Diagnostic[] {
  const isWide = intent.inexpressible === 'widen';
  const named = allows.filter(({ pattern }) => pattern.kind !== 'address' && pattern.kind !== 'any');
  const unsaid = denies.filter(({ pattern }) => pattern.kind !== 'any');
  return [
    ...named.flatMap((rule) => {
      const common = { object, rule, remedy: 'Put a proxy in front, or use a kind that knows names' };
      const why = 'a NetworkPolicy knows no names';
      return isWide
        ? [
            finding({
              ...common,
              code: 'network-policy-names-not-held',
              effect: 'widened',
              severity: 'warning',
              message: `${why}, so that this opens every public address at its ports`,
            }),
          ]
        : [
            finding({
              ...common,
              code: 'network-policy-name-inexpressible',
              effect: 'inexpressible',
              severity: 'warning',
              message: `${why}, so that this is left out`,
            }),
            finding({
              ...common,
              code: 'network-policy-name-inexpressible',
              effect: 'narrowed',
              message: 'what it allows cannot be reached',
            }),
          ];
    }),
    ...unsaid.flatMap((rule) =>
      (['inexpressible', 'widened'] as const).map((effect) =>
        finding({
          code: 'network-policy-deny-inexpressible',
          effect,
          severity: 'warning',
          object,
          rule,
          message: 'a NetworkPolicy knows no denies, so that what other rules open stays open',
          remedy: 'Put a proxy in front, or narrow the rules that open it',
        }),
      ),
    ),
  ];
}

function leftOut(
  { otherFamily, special }: WorldRules,
  { intent, object }: Omit<EmittedWorld, 'world'>,
): Diagnostic[] {
  return [
    ...otherFamily.map((rule) =>
      finding({
        code: 'network-policy-family-left-out',
        effect: 'note',
        object,
        rule,
        message: `pods have no route to it (${intent.families})`,
        remedy: 'Say dual if the cluster has both families',
      }),
    ),
    ...special.map((rule) =>
      finding({
        code: 'network-policy-special-use-left-out',
        effect: 'narrowed',
        object,
        rule,
        message: 'its addresses are private or of a special use, which the proxy refuses as well',
        remedy: 'Allow the range with --allow-private if it is meant',
      }),
    ),
  ];
}

/** What holds for these policies whatever the allowlist. */
export function intentDiagnostics(intent: Intent): Diagnostic[] {
  const { workloadEgress, proxyEgress } = objectNames(intent);
  const { workload, dns, form, families } = intent;
  const found: Diagnostic[] = [];
  const add = (parts: Finding): void => void found.push(finding(parts));
  if (workload.namespaceLabels !== undefined) {
    add({
      code: 'network-policy-clients-by-label',
      effect: 'fail-open',
      severity: 'warning',
      message:
        'the clients are in namespaces chosen by labels, and a policy stands in one: theirs is not here',
      remedy: 'Generate it once for each namespace of clients, by its name',
    });
  }
  if (dns === 'none') {
    add({
      code: 'network-policy-dns-closed',
      effect: 'note',
      object: workloadEgress,
      message: 'the workload cannot look up any name, that of the proxy included',
      remedy: "Give its pods a host alias with the address of the proxy's Service",
    });
  } else {
    add({
      code: 'network-policy-dns-open',
      effect: 'widened',
      object: workloadEgress,
      message: 'the workload can ask DNS for any name, and so send data in names',
      remedy: 'Close it with --dns none',
    });
  }
  if (dns === 'node-local') {
    add({
      code: 'network-policy-node-local-cluster-ip',
      effect: 'narrowed',
      object: proxyEgress,
      message:
        'where NodeLocal DNSCache answers at the address of the kube-dns Service, that address is not open',
      remedy: 'Add an ipBlock with it, or have pods ask 169.254.20.10',
    });
    if (families !== 'ipv4') {
      add({
        code: 'network-policy-node-local-ipv6',
        effect: 'narrowed',
        object: proxyEgress,
        message: 'NodeLocal DNSCache has no usual IPv6 address, so that none is open',
        remedy: 'Add an ipBlock with the address that it has',
      });
    }
  }
  if (form === 'session') {
    add({
      code: 'network-policy-ingress-closed',
      effect: 'note',
      object: workloadEgress,
      message:
        'no pod can reach the session; kubectl exec and port-forward go through the node and still work',
      remedy: 'Add a policy of your own for what has to reach it',
    });
  }
  return [...found, ...limits(workloadEgress)];
}

/** What no NetworkPolicy can do. */
function limits(object: string): Diagnostic[] {
  return [
    finding({
      code: 'network-policy-not-enforced',
      effect: 'fail-open',
      object,
      message: 'where the network of the cluster does not enforce NetworkPolicy, everything is open',
      remedy: 'Make sure that it does',
    }),
    finding({
      code: 'network-policy-host-network',
      effect: 'fail-open',
      object,
      message: 'pods with hostNetwork are not held by any policy',
      remedy: 'Forbid them with Pod Security (baseline or restricted)',
    }),
    finding({
      code: 'network-policy-union',
      effect: 'fail-open',
      object,
      message: 'another policy that selects the same pods adds what it allows',
      remedy: 'Check all policies of the namespace with paude policy audit',
    }),
    finding({
      code: 'network-policy-node-reaches',
      effect: 'note',
      object,
      message: 'the node of a pod may always reach it, at every port',
      remedy: 'Keep others off the nodes',
    }),
  ];
}

/** The refusal of an object that the API server would not take; undefined when it will. */
export function tooLarge({ object }: EmittedObject, intent: Intent): Diagnostic | undefined {
  const characters = JSON.stringify(object).length;
  if (characters <= MAX_CHARACTERS) return undefined;
  return finding({
    code: 'network-policy-too-large',
    effect: 'inexpressible',
    severity: 'error',
    object: object.metadata.name,
    message: `it would have ${characters} characters, and the API server takes about ${MAX_CHARACTERS}`,
    remedy:
      intent.proxy === undefined
        ? 'Name wider ranges, or put a proxy in front and allow names'
        : 'Name wider ranges, or give addresses at ports beside 80 and 443 names',
  });
}
