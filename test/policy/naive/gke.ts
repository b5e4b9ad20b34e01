import { starHolds } from './cilium.ts';
import { familyOf, field, items, type NaiveEvaluator } from './naive.ts';

/** Any rule of any FQDNNetworkPolicy allows; the NetworkPolicy beside it opens DNS pods alone. */
export const naiveGke: NaiveEvaluator = (objects, { host, port }) => {
  if (familyOf(host) !== 0) return 'deny';
  const rules = objects
    .filter(({ kind }) => kind === 'FQDNNetworkPolicy')
    .flatMap((object) => items(field(object, 'spec', 'egress')));
  const passes = rules.some((rule) => {
    const hasPort = items(field(rule, 'ports')).some((entry) => (field(entry, 'port') ?? port) === port);
    const matches = items(field(rule, 'matches'));
    return (
      hasPort &&
      matches.some((match) => starHolds(String(field(match, 'name') ?? field(match, 'pattern')), host))
    );
  });
  return passes ? 'allow' : 'deny';
};
