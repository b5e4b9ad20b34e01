import { familyOf, field, items, type NaiveEvaluator, type NaiveTarget, rangeHolds } from './naive.ts';

/** Any rule of egress allows. `*.` is one label or more. */
export const naiveEks: NaiveEvaluator = ([object], target) => {
  const passes = items(field(object, 'spec', 'egress')).some(
    (rule) => hasPort(rule, target.port) && items(field(rule, 'to')).some((peer) => reaches(peer, target)),
  );
  return passes ? 'allow' : 'deny';
};

function hasPort(rule: unknown, port: number): boolean {
  return items(field(rule, 'ports')).some((entry) => {
    const first = Number(field(entry, 'port') ?? 1);
    const last = Number(field(entry, 'endPort') ?? field(entry, 'port') ?? 65535);
    return field(entry, 'protocol') === 'TCP' && port >= first && port <= last;
  });
}

function reaches(peer: unknown, target: NaiveTarget): boolean {
  const own = familyOf(target.host);
  const block = field(peer, 'ipBlock', 'cidr');
  if (typeof block === 'string') {
    const excepted = items(field(peer, 'ipBlock', 'except')).some((range) =>
      rangeHolds(String(range), target),
    );
    return (own === 0 || target.families.includes(own)) && rangeHolds(block, target) && !excepted;
  }
  return own === 0 && items(field(peer, 'domainNames')).some((name) => nameHolds(String(name), target.host));
}

/** Also for other kinds in which `*.` is one label or more. */
export function nameHolds(name: string, host: string): boolean {
  return name.startsWith('*') ? host.length > name.length - 1 && host.endsWith(name.slice(1)) : name === host;
}
