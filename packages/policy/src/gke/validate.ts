import type { Diagnostic } from '../model/diagnostic.ts';
import { ObjectCheck } from '../names/check.ts';
import { checkSelector } from '../names/check-policy.ts';
import type { Live } from '../names/live.ts';
import { FQDN_NAME, FQDN_PATTERN } from './dialect.ts';

/** What the API server would refuse of an FQDNNetworkPolicy. */
export function validateGke(object: Live): readonly Diagnostic[] {
  const check = new ObjectCheck('gke', object);
  check.metadata(object);
  const spec = check.keys(object.spec, 'spec', ['podSelector', 'egress']);
  checkSelector(check, spec.podSelector, 'spec.podSelector');
  for (const [index, value] of check.list(spec.egress, 'spec.egress', { min: 1 }).entries()) {
    const field = `spec.egress[${index}]`;
    const rule = check.keys(value, field, ['matches', 'ports']);
    for (const [place, item] of check.list(rule.matches, `${field}.matches`, { min: 1 }).entries()) {
      const at = `${field}.matches[${place}]`;
      const match = check.oneOf(item, at, ['name', 'pattern']);
      const remedy = 'Write a name such as api.example.com, or a pattern such as *.example.com';
      if (match.name !== undefined) check.text(match.name, `${at}.name`, FQDN_NAME, remedy);
      if (match.pattern !== undefined) check.text(match.pattern, `${at}.pattern`, FQDN_PATTERN, remedy);
    }
    for (const [place, item] of check.list(rule.ports, `${field}.ports`).entries()) {
      const at = `${field}.ports[${place}]`;
      const { protocol, port } = check.keys(item, at, ['protocol', 'port']);
      if (protocol !== undefined)
        check.text(protocol, `${at}.protocol`, /^(?:TCP|UDP|ALL)$/, 'Write TCP, UDP or ALL');
      if (port !== undefined) check.port(port, `${at}.port`);
    }
  }
  return check.faults;
}
