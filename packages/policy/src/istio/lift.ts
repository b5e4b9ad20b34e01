import type { Destination, KindReader, LiftContext, Lifted, Verdict, Weakness } from '../model/lifted.ts';
import type { KubernetesObject } from '../model/object.ts';
import { familiesOf } from '../names/cidrs.ts';
import { type Clause, evaluateStatement, type Statement } from '../names/clause.ts';
import { liftStatement } from '../names/lift-statement.ts';
import { type Live, liveCidr, liveList, liveMap, liveName, livePort, liveText } from '../names/live.ts';
import { liveNamePattern } from '../names/live-name.ts';
import { ownObjects } from '../names/own-objects.ts';
import { selects } from '../names/selector.ts';
import { malformed, selectsNothing } from '../names/selector-statement.ts';
import { unsaidWeaknesses } from '../names/unsaid.ts';

const GROUP = 'networking.istio.io';
const PREFIX = 'istio';

/** Protocols of which Istio reads the name; with any other every host at the port passes. */
const NAMED_PROTOCOLS = ['HTTP', 'HTTPS', 'HTTP2', 'GRPC', 'TLS'];

/**
 * Reads the Sidecar of a pod and the ServiceEntries that it may use back. It says what the mesh lets pass of what goes
 * through it, not that everything does.
 */
export const istioReader: KindReader = { kind: 'Istio', group: GROUP, lift, evaluate };

function lift(objects: readonly KubernetesObject[], context: LiftContext): Lifted {
  const { statement, weaknesses } = read(objects, context);
  const lifted = liftStatement(statement, familiesOf(context));
  const { allowlist, isFailOpen } = lifted;
  return { allowlist, isFailOpen, weaknesses: [...weaknesses, ...unsaidWeaknesses(PREFIX, lifted)] };
}

function evaluate(
  objects: readonly KubernetesObject[],
  destination: Destination,
  context: LiftContext,
): Verdict {
  // Services of the mesh are not read here.
  if (destination.pod !== undefined) return 'unknown';
  return evaluateStatement(read(objects, context).statement, destination, familiesOf(context));
}

interface Read {
  readonly statement: Statement;
  readonly weaknesses: readonly Weakness[];
}

function read(objects: readonly KubernetesObject[], context: LiftContext): Read {
  const sidecars = ownObjects(objects, 'Sidecar', GROUP, context.namespace);
  const entries = ownObjects(objects, 'ServiceEntry', GROUP, context.namespace);
  const weaknesses: Weakness[] = [];
  const sidecar = sidecarOf(sidecars, context, weaknesses);
  if (sidecar === undefined && sidecars.length > 0) weaknesses.push(selectsNothing(PREFIX, sidecars));
  const spec = liveMap(sidecar?.spec);
  const isClosed = liveMap(spec.outboundTrafficPolicy).mode === 'REGISTRY_ONLY';
  if (sidecar !== undefined && !isClosed) {
    weaknesses.push({
      code: `${PREFIX}-allow-any`,
      severity: 'error',
      object: liveName(sidecar),
      message:
        'its outboundTrafficPolicy is not REGISTRY_ONLY, so what no ServiceEntry names passes unless the mesh says otherwise',
      remedy: 'Set outboundTrafficPolicy.mode to REGISTRY_ONLY',
    });
  }
  const isUsed = usedHosts(spec);
  const clauses = entries.flatMap((entry) => readEntry(entry, isUsed, weaknesses));
  return { statement: { clauses, precedence: 'deny', otherwise: isClosed ? 'deny' : 'allow' }, weaknesses };
}

/** The Sidecar that selects the pod, before the one of the whole namespace. */
function sidecarOf(
  sidecars: readonly KubernetesObject[],
  { podLabels }: LiftContext,
  weaknesses: Weakness[],
): KubernetesObject | undefined {
  const own = sidecars.find((sidecar) => {
    const { workloadSelector } = liveMap(sidecar.spec);
    if (workloadSelector === undefined) return false;
    const isSelected = selects({ matchLabels: liveMap(workloadSelector).labels }, podLabels);
    if (isSelected === undefined)
      weaknesses.push(malformed(PREFIX, liveName(sidecar), 'its workloadSelector'));
    return isSelected === true;
  });
  return own ?? sidecars.find((sidecar) => liveMap(sidecar.spec).workloadSelector === undefined);
}

/** Which hosts of the namespace's ServiceEntries a Sidecar lets its pods use; all of them where it does not say. */
function usedHosts({ egress }: Live): (host: string) => boolean {
  if (!Array.isArray(egress)) return () => true;
  const used = new Set(egress.flatMap((item) => liveList(liveMap(item).hosts).map(String)));
  const names = new Set<string>();
  for (const entry of used) {
    const [namespace = '', host = ''] = entry.split('/');
    if (namespace !== '~') names.add(host);
  }
  const wild = [...names].filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
  return (host) => names.has('*') || names.has(host) || wild.some((end) => host.endsWith(end));
}

function readEntry(
  entry: KubernetesObject,
  isUsed: (host: string) => boolean,
  weaknesses: Weakness[],
): Clause[] {
  const { hosts, ports, addresses } = liveMap(entry.spec);
  const object = liveName(entry);
  const names = liveList(hosts).map(
    (host) => [liveText(host), liveNamePattern(liveText(host) ?? '', 'subdomains')] as const,
  );
  const clauses: Clause[] = [];
  if (names.some(([, pattern]) => pattern === undefined))
    weaknesses.push(malformed(PREFIX, object, 'one of its hosts'));
  const used = names.filter(([text]) => text !== undefined && isUsed(text));
  for (const item of liveList(ports)) {
    const { number, protocol } = liveMap(item);
    const port = livePort(number);
    if (port === undefined) {
      weaknesses.push(malformed(PREFIX, object, 'one of its ports'));
      continue;
    }
    const at = {
      ports: [{ protocol: 'TCP', first: port, last: port }] as const,
      object,
      effect: 'allow' as const,
    };
    if (NAMED_PROTOCOLS.includes(String(protocol).toUpperCase())) {
      for (const [, pattern] of used) if (pattern !== undefined) clauses.push({ ...at, to: pattern });
      continue;
    }
    if (used.length === 0) continue;
    const ranges = liveList(addresses).map((address) => liveCidr(hasPrefix(address)));
    const known = ranges.filter((range) => range !== undefined);
    for (const cidr of known) clauses.push({ ...at, to: { kind: 'address', cidr } });
    if (known.length > 0) continue;
    clauses.push({ ...at, to: { kind: 'any' } });
    weaknesses.push({
      code: `${PREFIX}-opens-port`,
      severity: 'error',
      object,
      message: `port ${port} is not read for a name and has no addresses, so every host passes there`,
      remedy: 'Write TLS or HTTP as its protocol, or name addresses',
    });
  }
  return clauses;
}

function hasPrefix(address: unknown): unknown {
  const text = liveText(address);
  return text === undefined || text.includes('/') ? address : `${text}/${text.includes(':') ? 128 : 32}`;
}
