import { cidrCovers } from '@paude/allowlist';
import type { Diagnostic } from '../model/diagnostic.ts';
import { ObjectCheck } from '../names/check.ts';
import { checkPolicyPorts, checkSelector } from '../names/check-policy.ts';
import { type Live, liveCidr } from '../names/live.ts';
import { DOMAIN_NAME } from './dialect.ts';

/** What the API server would refuse of an ApplicationNetworkPolicy. */
export function validateEks(object: Live): readonly Diagnostic[] {
  const check = new ObjectCheck('eks', object);
  check.metadata(object);
  const spec = check.keys(object.spec, 'spec', ['podSelector', 'policyTypes', 'ingress', 'egress']);
  checkSelector(check, spec.podSelector, 'spec.podSelector');
  for (const [index, type] of check.list(spec.policyTypes, 'spec.policyTypes').entries()) {
    check.text(type, `spec.policyTypes[${index}]`, /^(?:Ingress|Egress)$/, 'Write Egress');
  }
  for (const [index, value] of check.list(spec.egress, 'spec.egress').entries()) {
    const field = `spec.egress[${index}]`;
    const rule = check.keys(value, field, ['to', 'ports']);
    checkPolicyPorts(check, rule.ports, `${field}.ports`);
    for (const [place, peer] of check.list(rule.to, `${field}.to`).entries()) {
      checkPeer(check, peer, `${field}.to[${place}]`);
    }
  }
  return check.faults;
}

function checkPeer(check: ObjectCheck, value: unknown, field: string): void {
  const peer = check.keys(value, field, ['domainNames', 'ipBlock', 'namespaceSelector', 'podSelector']);
  const present = Object.keys(peer);
  if (present.length === 0) check.fault(field, 'is empty', 'Name a destination');
  const isAlone = peer.domainNames !== undefined || peer.ipBlock !== undefined;
  if (isAlone && present.length > 1) {
    check.fault(field, 'has domainNames or ipBlock beside others', 'Write a peer of its own for each');
  }
  if (peer.domainNames !== undefined) {
    for (const [index, name] of check.list(peer.domainNames, `${field}.domainNames`, { min: 1 }).entries()) {
      check.text(
        name,
        `${field}.domainNames[${index}]`,
        DOMAIN_NAME,
        'Write a name of two labels or more, or *. in front of one',
      );
    }
  }
  if (peer.ipBlock !== undefined) checkBlock(check, peer.ipBlock, `${field}.ipBlock`);
  if (peer.podSelector !== undefined) checkSelector(check, peer.podSelector, `${field}.podSelector`);
  if (peer.namespaceSelector !== undefined)
    checkSelector(check, peer.namespaceSelector, `${field}.namespaceSelector`);
}

function checkBlock(check: ObjectCheck, value: unknown, field: string): void {
  const block = check.keys(value, field, ['cidr', 'except']);
  const cidr = liveCidr(block.cidr);
  if (cidr === undefined)
    check.fault(`${field}.cidr`, 'is no range of addresses', 'Write it as in 198.51.100.0/24');
  for (const [index, item] of check.list(block.except, `${field}.except`).entries()) {
    const except = liveCidr(item);
    if (cidr !== undefined && except !== undefined && cidrCovers(cidr, except) && except.prefix > cidr.prefix)
      continue;
    check.fault(
      `${field}.except[${index}]`,
      'is no strict part of cidr',
      'Write a smaller range that lies in it',
    );
  }
}
