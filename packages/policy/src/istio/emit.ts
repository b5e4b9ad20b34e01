import type { Allowlist } from '@paude/allowlist';
import type { Emission, Emitter } from '../model/emitter.ts';
import type { Intent } from '../model/intent.ts';
import type { EmittedObject } from '../model/object.ts';
import { entryComment } from '../names/entry.ts';
import { diagnosticsOf, type Plan, planNames } from '../names/plan.ts';
import { groupByPorts, inParts } from '../names/port-items.ts';
import { starName } from '../names/star-name.ts';
import { metadataOf, subjectOf } from '../names/subject.ts';
import { ISTIO_DIALECT, MAX_SERVICE_HOSTS } from './dialect.ts';

/**
 * ServiceEntries (`networking.istio.io/v1`) for the names, one for each set of ports, and a Sidecar that lets its pods
 * reach nothing but them. The mesh reads the name that a client claims, in TLS or in the Host header, and forwards to the
 * address that the client chose: this is advice, not a wall.
 */
export const istioEmitter: Emitter = { kind: 'Istio', emit };

function emit(allowlist: Allowlist, intent: Intent): Emission {
  const subject = subjectOf(intent);
  const plan = planNames(allowlist, intent, ISTIO_DIALECT, subject.name);
  remarkMesh(plan);
  const groups = groupByPorts(plan.allows).flatMap(([ports, names]) =>
    inParts(names, MAX_SERVICE_HOSTS).map((part) => [ports, part] as const),
  );
  const entries = groups.map(([ports, names], index): EmittedObject => {
    const name = index === 0 ? subject.name : `${subject.name}-${index + 1}`;
    const object = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata: metadataOf(intent, subject, name),
      spec: {
        exportTo: ['.'],
        hosts: names.map(({ pattern }) => starName(pattern)),
        location: 'MESH_EXTERNAL',
        ports: (ports === 'all' ? [] : ports).map(portOf),
        resolution: 'NONE',
      },
    };
    return {
      object,
      comments: new Map(names.map(({ rules }, place) => [`/spec/hosts/${place}`, entryComment(rules)])),
    };
  });
  const hosts = plan.allows.map(({ pattern }) => `./${starName(pattern)}`);
  const { labels } = subject.pods;
  const sidecar = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Sidecar',
    metadata: metadataOf(intent, subject, subject.name),
    spec: {
      ...(Object.keys(labels).length === 0 ? {} : { workloadSelector: { labels } }),
      egress: [{ hosts: hosts.length === 0 ? ['~/*'] : hosts }],
      outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
    },
  };
  const comments = new Map([['/spec/outboundTrafficPolicy', 'what no ServiceEntry names is refused']]);
  return {
    objects: [...entries, { object: sidecar, comments }],
    diagnostics: diagnosticsOf(plan, allowlist),
  };
}

/** Port 80 carries HTTP, whose Host header is read; of every other port the name in TLS is. */
function portOf(number: number): Readonly<Record<string, unknown>> {
  return number === 80
    ? { name: 'http-80', number, protocol: 'HTTP' }
    : { name: `tls-${number}`, number, protocol: 'TLS' };
}

function remarkMesh({ remarks }: Plan): void {
  remarks.add({
    what: 'bypass',
    effect: 'fail-open',
    message:
      'a pod without a sidecar, one that may change its own iptables (NET_ADMIN), or traffic by UDP is not held at all',
    remedy: 'Keep the NetworkPolicies beside it; they are what holds',
  });
  remarks.add({
    what: 'claimed-name',
    effect: 'fail-open',
    message:
      'the name is the one that the client claims, and the address the one that it chose: with an allowed name any address is reached',
    remedy: 'Let only the proxy out, which dials the address that it looked up itself',
  });
}
