import { familyOf, field, items, type NaiveEvaluator, type NaiveTarget, rangeHolds } from './naive.ts';

/** Any rule of `egress` allows, unless a rule of `egressDeny` denies. `*` is characters of a label, `**.` labels in front. */
export const naiveCilium: NaiveEvaluator = ([object], target) => {
  const own = familyOf(target.host);
  const families = target.families.filter((family) => own === 0 || family === own);
  const passes = families.some((family) => {
    const at = { ...target, families: [family] };
    const meets = (rule: unknown) => hasPort(rule, target.port) && reaches(rule, at);
    return (
      items(field(object, 'spec', 'egress')).some(meets) &&
      !items(field(object, 'spec', 'egressDeny')).some(meets)
    );
  });
  return passes ? 'allow' : 'deny';
};

function hasPort(rule: unknown, port: number): boolean {
  if (field(rule, 'toPorts') === undefined) return true;
  return items(field(rule, 'toPorts'))
    .flatMap((item) => items(field(item, 'ports')))
    .some((entry) => {
      const first = Number(field(entry, 'port'));
      const last = Number(field(entry, 'endPort') ?? first);
      return field(entry, 'protocol') === 'TCP' && port >= first && port <= last;
    });
}

function reaches(rule: unknown, target: NaiveTarget): boolean {
  if (items(field(rule, 'toCIDR')).some((range) => rangeHolds(String(range), target))) return true;
  if (familyOf(target.host) !== 0) return false;
  return items(field(rule, 'toFQDNs')).some((item) => {
    const name = field(item, 'matchName');
    return name === undefined
      ? starHolds(String(field(item, 'matchPattern')), target.host)
      : name === target.host;
  });
}

/** Label by label, from the end. */
export function starHolds(pattern: string, host: string): boolean {
  const isDeep = pattern.startsWith('**.');
  const patterns = (isDeep ? pattern.slice(3) : pattern).split('.').reverse();
  const labels = host.split('.').reverse();
  if (isDeep ? labels.length <= patterns.length : labels.length !== patterns.length) return false;
  return patterns.every((part, index) => partHolds(part, labels[index] ?? ''));
}

function partHolds(part: string, label: string): boolean {
  if (part === '') return label === '';
  if (part[0] !== '*') return part[0] === label[0] && partHolds(part.slice(1), label.slice(1));
  return partHolds(part.slice(1), label) || (label !== '' && partHolds(part, label.slice(1)));
}
