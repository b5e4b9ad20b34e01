import type { Diagnostic } from '../model/diagnostic.ts';
import { ObjectCheck } from '../names/check.ts';
import { type Live, liveCidr, liveMap } from '../names/live.ts';
import { DNS_NAME, EGRESS_FIREWALL_NAME, MAX_EGRESS_FIREWALL_RULES } from './dialect.ts';

/**
 * What the API server or OVN-Kubernetes would refuse of an EgressFirewall. Stricter than the CRD where its own patterns
 * are anchored wrongly (`^Allow|Deny$`).
 */
export function validateEgressFirewall(object: Live): readonly Diagnostic[] {
  const check = new ObjectCheck('egress-firewall', object);
  check.metadata(object);
  const { name } = liveMap(object.metadata);
  if (name !== EGRESS_FIREWALL_NAME) {
    check.fault(
      'metadata.name',
      `is ${JSON.stringify(String(name).slice(0, 80))}, and an EgressFirewall is always named "default", one for a namespace`,
      'Name it default; what else the namespace needs goes into the same object',
    );
  }
  const spec = check.keys(object.spec, 'spec', ['egress']);
  const rules = check.list(spec.egress, 'spec.egress', { min: 1, max: MAX_EGRESS_FIREWALL_RULES });
  for (const [index, rule] of rules.entries()) checkRule(check, rule, `spec.egress[${index}]`);
  return check.faults;
}

function checkRule(check: ObjectCheck, value: unknown, field: string): void {
  const rule = check.keys(value, field, ['type', 'ports', 'to']);
  check.text(rule.type, `${field}.type`, /^(?:Allow|Deny)$/, 'Write Allow or Deny');
  for (const [index, item] of check.list(rule.ports, `${field}.ports`).entries()) {
    const at = `${field}.ports[${index}]`;
    const port = check.keys(item, at, ['protocol', 'port']);
    check.text(port.protocol, `${at}.protocol`, /^(?:TCP|UDP|SCTP)$/, 'Write TCP, UDP or SCTP');
    check.port(port.port, `${at}.port`);
  }
  const to = check.oneOf(rule.to, `${field}.to`, ['cidrSelector', 'dnsName', 'nodeSelector']);
  if (to.dnsName !== undefined) {
    const remedy =
      'Write a name such as api.example.com, or *.example.com where the cluster resolves wildcards';
    check.text(to.dnsName, `${field}.to.dnsName`, DNS_NAME, remedy);
  }
  if (to.cidrSelector !== undefined && liveCidr(to.cidrSelector) === undefined) {
    check.fault(`${field}.to.cidrSelector`, 'is no range of addresses', 'Write it as in 198.51.100.0/24');
  }
}
