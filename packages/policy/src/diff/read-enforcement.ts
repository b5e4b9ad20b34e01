import type { KindReader, LiftContext } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import type { Enforcement, EnforcementLayer, MissingObject } from './source.ts';

/** What is to be read of a set of objects. */
export interface EnforcementParts {
  /** Live, with their `status`, or from manifests. */
  readonly objects: readonly KubernetesObject[];
  readonly readers: readonly KindReader[];
  /** The pods whose only way out should be the proxy, or that are held by names directly. */
  readonly workload?: LiftContext | undefined;
  readonly proxy?: LiftContext | undefined;
  /** Objects that should be there. @default [] */
  readonly expected?: readonly KubernetesObject[] | undefined;
}

/** A reader found nothing of its kind that selects the pods. */
const SELECTS_NONE = /-(?:selects-nothing|none-selects)$/;

/**
 * Reads objects as what holds the traffic of the workload and of the proxy. Network policies are always asked about, as a
 * pod that none selects is open; other kinds where there are objects of theirs, or should be.
 */
export function readEnforcement(parts: EnforcementParts): Enforcement {
  const { readers, expected = [] } = parts;
  // What was read may be anything, whatever its type says; what no kind can be told of holds nothing.
  const objects = parts.objects.filter(
    (object) => typeof object?.apiVersion === 'string' && typeof object.kind === 'string',
  );
  const missing = expected.filter((object) => !objects.some((other) => isSame(object, other)));
  const groups = [
    ['workload', parts.workload],
    ['proxy', parts.proxy],
  ] as const;
  const layers = groups.flatMap(([pods, context]) =>
    context === undefined
      ? []
      : readers.flatMap((reader) => readLayer({ ...parts, objects, reader, pods, context, expected })),
  );
  return { layers, missing: missing.map(missingObject) };
}

interface LayerParts extends EnforcementParts {
  readonly reader: KindReader;
  readonly pods: EnforcementLayer['pods'];
  readonly context: LiftContext;
  readonly expected: readonly KubernetesObject[];
}

function readLayer(parts: LayerParts): EnforcementLayer[] {
  const { objects, reader, pods, context, expected } = parts;
  const own = objects.filter((object) => isOf(reader, object));
  const isMeant = expected.some((object) => isOf(reader, object));
  const isAlwaysAsked = reader.kind === 'NetworkPolicy';
  if (own.length === 0 && !isMeant && !isAlwaysAsked) return [];
  const lifted = reader.lift(objects, context);
  const selectsNone = lifted.weaknesses.some(({ code }) => SELECTS_NONE.test(code));
  // Objects that others made for other pods have no say here; ours that have lost their pods are a finding.
  const isOurs = isMeant || own.some(isManaged);
  const isHeldByProxy = pods === 'workload' && parts.proxy !== undefined;
  if (selectsNone && !isAlwaysAsked && (isHeldByProxy || !isOurs)) return [];
  return [
    {
      kind: reader.kind,
      pods,
      lifted,
      objects: own.map(nameOf).sort(),
      evaluate: (destination) => reader.evaluate(objects, destination, context),
    },
  ];
}

/** Whether an object is one of those that a reader reads: of its group, and of its kind unless it goes by another name. */
function isOf({ kind, group }: KindReader, object: KubernetesObject): boolean {
  if (groupOf(object) !== group) return false;
  return object.kind === kind || kind === 'Istio' || kind === 'AntreaNetworkPolicy';
}

function isManaged({ metadata }: KubernetesObject): boolean {
  return metadata?.labels?.['app.kubernetes.io/managed-by'] === 'paude';
}

function groupOf({ apiVersion }: KubernetesObject): string {
  return apiVersion.split('/').slice(0, -1).join('/');
}

function isSame(a: KubernetesObject, b: KubernetesObject): boolean {
  return (
    a.kind === b.kind &&
    groupOf(a) === groupOf(b) &&
    a.metadata?.name === b.metadata?.name &&
    (a.metadata?.namespace ?? '') === (b.metadata?.namespace ?? '')
  );
}

function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind}/${metadata?.name}`;
}

function missingObject(object: KubernetesObject): MissingObject {
  const { namespace } = object.metadata;
  return {
    object: nameOf(object),
    why: `it should be in ${namespace === undefined ? 'the cluster' : `the namespace ${namespace}`}`,
  };
}
