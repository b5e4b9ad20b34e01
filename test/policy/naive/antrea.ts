import { nameHolds } from './eks.ts';
import { familyOf, field, items, type NaiveEvaluator, type NaiveTarget, rangeHolds } from './naive.ts';

/** Rules in their order; no match allows. `*` in front is any characters, dots as well. */
export const naiveAntrea: NaiveEvaluator = ([object], target) => {
  const own = familyOf(target.host);
  const verdicts = target.families
    .filter((family) => own === 0 || family === own)
    .map((family) => {
      const at = { ...target, families: [family] };
      const rule = items(field(object, 'spec', 'egress')).find((candidate) => {
        const to = field(candidate, 'to');
        return (
          hasPort(candidate, target.port) && (to === undefined || items(to).some((peer) => reaches(peer, at)))
        );
      });
      return rule === undefined ? 'Allow' : field(rule, 'action');
    });
  return verdicts.includes('Allow') ? 'allow' : 'deny';
};

function hasPort(rule: unknown, port: number): boolean {
  if (field(rule, 'ports') === undefined) return true;
  return items(field(rule, 'ports')).some((entry) => {
    const first = Number(field(entry, 'port') ?? 1);
    const last = Number(field(entry, 'endPort') ?? field(entry, 'port') ?? 65535);
    return field(entry, 'protocol') === 'TCP' && port >= first && port <= last;
  });
}

function reaches(peer: unknown, target: NaiveTarget): boolean {
  const range = field(peer, 'ipBlock', 'cidr');
  if (typeof range === 'string') return rangeHolds(range, target);
  const name = field(peer, 'fqdn');
  return familyOf(target.host) === 0 && typeof name === 'string' && nameHolds(name, target.host);
}
