import type { Diagnostic } from '../model/diagnostic.ts';
import { ObjectCheck } from '../names/check.ts';
import { type Live, liveCidr } from '../names/live.ts';
import { DNS_SUBDOMAIN, MAX_EGRESS_NETWORK_POLICY_RULES } from './dialect.ts';

/** What the API server would refuse of an EgressNetworkPolicy. */
export function validateEgressNetworkPolicy(object: Live): readonly Diagnostic[] {
  const check = new ObjectCheck('egress-network-policy', object);
  check.metadata(object);
  const spec = check.keys(object.spec, 'spec', ['egress']);
  const rules = check.list(spec.egress, 'spec.egress', { min: 1, max: MAX_EGRESS_NETWORK_POLICY_RULES });
  for (const [index, value] of rules.entries()) {
    const field = `spec.egress[${index}]`;
    const rule = check.keys(value, field, ['type', 'to']);
    check.text(rule.type, `${field}.type`, /^(?:Allow|Deny)$/, 'Write Allow or Deny');
    const to = check.oneOf(rule.to, `${field}.to`, ['cidrSelector', 'dnsName']);
    if (to.dnsName !== undefined) {
      check.text(
        to.dnsName,
        `${field}.to.dnsName`,
        DNS_SUBDOMAIN,
        'Write a name such as api.example.com: there are no wildcards',
      );
    }
    if (to.cidrSelector !== undefined && liveCidr(to.cidrSelector) === undefined) {
      check.fault(`${field}.to.cidrSelector`, 'is no range of addresses', 'Write it as in 198.51.100.0/24');
    }
  }
  return check.faults;
}
