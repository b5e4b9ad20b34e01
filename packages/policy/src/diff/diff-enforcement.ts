import type { Allowlist } from '@paude/allowlist';
import type { Weakness } from '../model/lifted.ts';
import { diffAllowlists } from './diff-allowlists.ts';
import type { DiffRow, Risk } from './row.ts';
import { ruleRisks } from './rule-risk.ts';
import type { Enforcement, EnforcementLayer, MissingObject, Source } from './source.ts';
import { whereOf, whereOfObject } from './where.ts';

/** Kinds that say addresses, not names: they are compared with their like alone. */
const NAMELESS: ReadonlySet<string> = new Set(['NetworkPolicy']);

/** Kinds without a selector: they hold every pod of a namespace, and none of them opens what another kind shuts. */
const NAMESPACE_WIDE: ReadonlySet<string> = new Set(['EgressFirewall', 'EgressNetworkPolicy']);

const RISK_OF: Readonly<Record<Weakness['severity'], Risk>> = {
  error: 'high',
  warning: 'medium',
  info: 'none',
};

/** The rows for what the objects of two sources let pass, one kind after the other. */
export function diffLayers(from: Source, to: Source, options: { readonly atMs: number }): DiffRow[] {
  const keys = new Set([...layersOf(from), ...layersOf(to)].map(keyOf));
  return [...keys].flatMap((key) => {
    const [old, now] = [from, to].map((source) => layersOf(source).find((layer) => keyOf(layer) === key));
    const [before, after] = [baseline(old, now, from), baseline(now, old, to)];
    const layer = old?.kind ?? now?.kind ?? '';
    if (old !== undefined && now === undefined && to.enforcement !== undefined && !old.lifted.isFailOpen)
      return [goneRow(old, from, to)];
    if (before === undefined || after === undefined) return [];
    return diffAllowlists(
      { name: from.name, allowlist: before },
      { name: to.name, allowlist: after },
      { ...options, layer },
    );
  });
}

/** What is wrong with what should hold the traffic of one source, whatever the other says. */
export function weaknessRows(
  source: Source,
  side: 'from' | 'to',
  options: { readonly atMs: number },
): DiffRow[] {
  const { enforcement } = source;
  if (enforcement === undefined) return [];
  return [
    ...enforcement.missing.map((missing) => missingRow(missing, side)),
    ...enforcement.layers.flatMap((layer) => [
      ...layer.lifted.weaknesses
        .filter(({ severity }) => severity !== 'info')
        .map((weakness) => ({ ...weaknessRow(weakness, side), layer: layer.kind })),
      ...failOpenRow(layer, side),
    ]),
    ...(enforcement.weaknesses ?? [])
      .filter(({ severity }) => severity !== 'info')
      .map((weakness) => weaknessRow(weakness, side)),
    ...openedRows(enforcement, side, options),
  ];
}

/**
 * That nothing on one side says which names are allowed, where the other side does: its objects may be all in order, and
 * still nobody knows what the proxy behind them lets pass, or no proxy is there.
 */
export function unknownNamesRow(silent: Source, stated: Source, side: 'from' | 'to'): DiffRow[] {
  const { enforcement } = silent;
  if (enforcement === undefined || enforcement.layers.some(({ kind }) => !NAMELESS.has(kind))) return [];
  const isProxied = enforcement.layers.some(({ pods }) => pods === 'proxy');
  const hasNames = stated.allowlist?.rules.some(
    ({ effect, pattern }) => effect === 'allow' && pattern.kind !== 'address',
  );
  if (!isProxied && hasNames !== true) return [];
  const where = whereOfObject(silent.name);
  return [
    {
      change: 'undecided',
      code: 'names-unknown',
      rule: '',
      layer: 'allowlist',
      ports: [],
      everyOtherPort: false,
      risk: 'medium',
      why: isProxied
        ? `Whether the proxy of ${silent.name} allows the same could not be told: the ConfigMap with its allowlist is not there.`
        : `Whether ${silent.name} allows the same could not be told: there is no proxy, and no object that knows names.`,
      remedy: isProxied ? 'Add the ConfigMap, or ask the proxy with --proxy' : 'Put a proxy in front',
      ...(side === 'from' ? { from: where } : { to: where }),
    },
  ];
}

function layersOf({ enforcement }: Source): readonly EnforcementLayer[] {
  return enforcement?.layers ?? [];
}

function keyOf({ kind, pods }: EnforcementLayer): string {
  // Such a kind says the same of all pods.
  return NAMESPACE_WIDE.has(kind) ? kind : `${kind} ${pods}`;
}

/** What to compare of a side: its layer, or what it says is allowed where it has none of the kind. */
function baseline(
  own: EnforcementLayer | undefined,
  other: EnforcementLayer | undefined,
  source: Source,
): Allowlist | undefined {
  // What leaves all open is a row of its own; there is nothing in it to compare.
  if (own?.lifted.isFailOpen === true || other?.lifted.isFailOpen === true) return undefined;
  if (own !== undefined) return own.lifted.allowlist;
  if (other === undefined || NAMELESS.has(other.kind)) return undefined;
  // Of the workload an allowlist says nothing where its only way out is the proxy.
  return other.pods === 'proxy' || NAMESPACE_WIDE.has(other.kind) ? source.allowlist : undefined;
}

/** A lock that one side has and the other has not: what it says of names may be the same, it does not hold there. */
function goneRow({ kind, pods, objects }: EnforcementLayer, from: Source, to: Source): DiffRow {
  const [object = kind] = objects;
  return {
    ...aboutObject(object, 'from'),
    layer: kind,
    code: 'kind-missing',
    risk: 'high',
    why: `${to.name} has no ${kind} that holds the ${pods}, and ${from.name} has ${object}.`,
    remedy: 'Apply it',
  };
}

function missingRow({ object, why }: MissingObject, side: 'from' | 'to'): DiffRow {
  return {
    ...aboutObject(object, side),
    code: 'object-missing',
    risk: 'high',
    why: `${object} is missing: ${why}.`,
    remedy: 'Apply it',
  };
}

function weaknessRow(weakness: Weakness, side: 'from' | 'to'): DiffRow {
  const { object, code, severity, message, remedy } = weakness;
  return {
    ...aboutObject(object, side),
    code,
    risk: RISK_OF[severity],
    why: `${object}: ${message}.`,
    remedy,
  };
}

/** Objects that leave open what they do not name, if no weakness says so already. */
function failOpenRow({ kind, pods, lifted, objects }: EnforcementLayer, side: 'from' | 'to'): DiffRow[] {
  if (!lifted.isFailOpen || lifted.weaknesses.some(({ severity }) => severity === 'error')) return [];
  const [object = kind] = objects;
  return [
    {
      ...aboutObject(object, side),
      layer: kind,
      code: 'fail-open',
      risk: 'high',
      why: `${object} leaves open to the ${pods} what it does not name.`,
      remedy: 'Let it end in a deny of everything else',
    },
  ];
}

/**
 * Where a proxy is the only way out, objects that let the workload reach names by itself go round it: policies that select
 * the same pod add up.
 */
function openedRows(
  { layers }: Enforcement,
  side: 'from' | 'to',
  { atMs }: { readonly atMs: number },
): DiffRow[] {
  if (!layers.some(({ pods }) => pods === 'proxy')) return [];
  return layers.flatMap(({ kind, pods, lifted }) => {
    if (pods !== 'workload' || NAMELESS.has(kind) || NAMESPACE_WIDE.has(kind) || lifted.isFailOpen) return [];
    const opened = lifted.allowlist.rules.filter(
      ({ effect, pattern }) => effect === 'allow' && pattern.kind !== 'address',
    );
    const risks = ruleRisks(opened, lifted.allowlist, { atMs });
    return opened.map((rule): DiffRow => {
      const where = whereOf(rule);
      return {
        ...aboutObject(where.object ?? kind, side),
        layer: kind,
        code: 'workload-opened',
        rule: rule.text,
        risk: 'high',
        why: `${where.text} lets the workload reach ${rule.text} without the proxy${risks.get(rule)?.why === undefined ? '' : `; ${risks.get(rule)?.why}`}.`,
        remedy: 'Remove it, or let it select other pods',
      };
    });
  });
}

function aboutObject(object: string, side: 'from' | 'to') {
  const where = whereOfObject(object);
  return {
    change: 'unenforced' as const,
    rule: '',
    layer: object.split('/')[0] ?? object,
    ports: [],
    everyOtherPort: false,
    ...(side === 'from' ? { from: where } : { to: where }),
  };
}
