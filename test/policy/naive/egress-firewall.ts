import { familyOf, field, items, type NaiveEvaluator, type NaiveTarget, rangeHolds } from './naive.ts';

/** Rules in their order, for each family that the target may be reached by; no match allows. `*` is one label. */
export const naiveEgressFirewall: NaiveEvaluator = ([object], target) => {
  const own = familyOf(target.host);
  const families = target.families.filter((family) => own === 0 || family === own);
  return families.some(
    (family) => verdict(items(field(object, 'spec', 'egress')), target, family) === 'Allow',
  )
    ? 'allow'
    : 'deny';
};

function verdict(rules: readonly unknown[], target: NaiveTarget, family: 4 | 6): unknown {
  for (const rule of rules) {
    const ports = field(rule, 'ports');
    const hasPort = items(ports).some(
      (port) => field(port, 'protocol') === 'TCP' && field(port, 'port') === target.port,
    );
    if (ports !== undefined && !hasPort) continue;
    const range = field(rule, 'to', 'cidrSelector');
    const name = field(rule, 'to', 'dnsName');
    if (typeof range === 'string' && rangeHolds(range, { ...target, families: [family] }))
      return field(rule, 'type');
    if (typeof name === 'string' && familyOf(target.host) === 0 && nameHolds(name, target.host))
      return field(rule, 'type');
  }
  return 'Allow';
}

function nameHolds(name: string, host: string): boolean {
  if (!name.startsWith('*.')) return name === host;
  const [first, ...rest] = host.split('.');
  return first !== undefined && rest.join('.') === name.slice(2);
}
