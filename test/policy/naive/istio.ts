import { nameHolds } from './eks.ts';
import { familyOf, field, items, type NaiveEvaluator } from './naive.ts';

/** What a ServiceEntry names at the port passes, if the Sidecar lists it; nothing else does. */
export const naiveIstio: NaiveEvaluator = (objects, { host, port }) => {
  if (familyOf(host) !== 0) return 'deny';
  const sidecar = objects.find(({ kind }) => kind === 'Sidecar');
  if (field(sidecar, 'spec', 'outboundTrafficPolicy', 'mode') !== 'REGISTRY_ONLY') return 'allow';
  const used = items(field(sidecar, 'spec', 'egress')).flatMap((egress) => items(field(egress, 'hosts')));
  const passes = objects
    .filter(({ kind }) => kind === 'ServiceEntry')
    .some((entry) => {
      const hasPort = items(field(entry, 'spec', 'ports')).some((item) => field(item, 'number') === port);
      const hosts = items(field(entry, 'spec', 'hosts')).map(String);
      return hasPort && hosts.some((name) => used.includes(`./${name}`) && nameHolds(name, host));
    });
  return passes ? 'allow' : 'deny';
};
