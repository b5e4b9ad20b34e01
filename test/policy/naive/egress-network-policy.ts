import { familyOf, field, items, type NaiveEvaluator, rangeHolds } from './naive.ts';

/** Rules in their order, at every port; no match allows. There are no wildcards. */
export const naiveEgressNetworkPolicy: NaiveEvaluator = ([object], target) => {
  const own = familyOf(target.host);
  const verdicts = target.families
    .filter((family) => own === 0 || family === own)
    .map((family) => {
      const rule = items(field(object, 'spec', 'egress')).find((candidate) => {
        const range = field(candidate, 'to', 'cidrSelector');
        if (typeof range === 'string') return rangeHolds(range, { ...target, families: [family] });
        return field(candidate, 'to', 'dnsName') === target.host;
      });
      return rule === undefined ? 'Allow' : field(rule, 'type');
    });
  return verdicts.includes('Allow') ? 'allow' : 'deny';
};
