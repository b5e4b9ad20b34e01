import { nameHolds } from './eks.ts';
import { familyOf, field, items, type NaiveEvaluator, type NaiveTarget, rangeHolds } from './naive.ts';

/** Rules in their order; no match goes on to NetworkPolicies, which is taken as allowed. `*.` is one label or more. */
export const naiveClusterNetworkPolicy: NaiveEvaluator = ([object], target) => {
  const own = familyOf(target.host);
  const verdicts = target.families
    .filter((family) => own === 0 || family === own)
    .map((family) => {
      const at = { ...target, families: [family] };
      const rule = items(field(object, 'spec', 'egress')).find(
        (candidate) =>
          hasPort(candidate, target.port) && items(field(candidate, 'to')).some((peer) => reaches(peer, at)),
      );
      return rule === undefined ? 'Accept' : field(rule, 'action');
    });
  return verdicts.includes('Accept') ? 'allow' : 'deny';
};

function hasPort(rule: unknown, port: number): boolean {
  if (field(rule, 'protocols') === undefined) return true;
  return items(field(rule, 'protocols')).some((protocol) => {
    const number = field(protocol, 'tcp', 'destinationPort', 'number');
    const start = Number(field(protocol, 'tcp', 'destinationPort', 'range', 'start'));
    const end = Number(field(protocol, 'tcp', 'destinationPort', 'range', 'end'));
    return number === port || (port >= start && port <= end);
  });
}

function reaches(peer: unknown, target: NaiveTarget): boolean {
  if (items(field(peer, 'networks')).some((range) => rangeHolds(String(range), target))) return true;
  return (
    familyOf(target.host) === 0 &&
    items(field(peer, 'domainNames')).some((name) => nameHolds(String(name), target.host))
  );
}
