import type { Diagnostic } from '../model/diagnostic.ts';
import { ObjectCheck } from '../names/check.ts';
import { checkPolicyPorts, checkSelector } from '../names/check-policy.ts';
import { type Live, liveCidr, liveMap } from '../names/live.ts';
import { FQDN } from './dialect.ts';

const PEERS = [
  'podSelector',
  'namespaceSelector',
  'ipBlock',
  'fqdn',
  'nodeSelector',
  'group',
  'serviceAccount',
  'scope',
];

/** What the API server or Antrea's webhook would refuse of an Antrea NetworkPolicy's egress. */
export function validateAntrea(object: Live): readonly Diagnostic[] {
  const check = new ObjectCheck('antrea', object);
  check.metadata(object);
  const spec = check.keys(object.spec, 'spec', ['tier', 'priority', 'appliedTo', 'ingress', 'egress']);
  if (spec.tier !== undefined)
    check.text(spec.tier, 'spec.tier', /^[a-z\d.-]+$/i, 'Name a tier, such as application');
  const { priority } = spec;
  if (typeof priority !== 'number' || !(priority >= 1 && priority <= 10_000)) {
    check.fault('spec.priority', 'is no priority', 'Write a number from 1 to 10000');
  }
  for (const [index, item] of check.list(spec.appliedTo, 'spec.appliedTo').entries()) {
    const { podSelector } = liveMap(item);
    if (podSelector !== undefined) checkSelector(check, podSelector, `spec.appliedTo[${index}].podSelector`);
  }
  const names = new Set<unknown>();
  for (const [index, value] of check.list(spec.egress, 'spec.egress').entries()) {
    const field = `spec.egress[${index}]`;
    const rule = check.keys(value, field, [
      ...['name', 'action', 'to', 'toServices', 'ports', 'protocols', 'l7Protocols'],
      ...['appliedTo', 'enableLogging', 'logLabel'],
    ]);
    if (rule.name !== undefined && names.has(rule.name)) {
      check.fault(`${field}.name`, 'is the name of another rule', 'Name each rule once');
    }
    names.add(rule.name);
    check.text(rule.action, `${field}.action`, /^(?:Allow|Drop|Reject|Pass)$/, 'Write Allow or Drop');
    checkPolicyPorts(check, rule.ports, `${field}.ports`);
    for (const [place, peer] of check.list(rule.to, `${field}.to`).entries()) {
      checkPeer(check, peer, `${field}.to[${place}]`);
    }
  }
  return check.faults;
}

function checkPeer(check: ObjectCheck, value: unknown, field: string): void {
  const peer = check.keys(value, field, PEERS);
  if (peer.fqdn !== undefined) {
    check.text(peer.fqdn, `${field}.fqdn`, FQDN, 'Write a name such as api.example.com or *.example.com');
    if (Object.keys(peer).length > 1)
      check.fault(`${field}.fqdn`, 'stands beside others', 'Write a peer of its own');
  }
  if (peer.ipBlock !== undefined && liveCidr(liveMap(peer.ipBlock).cidr) === undefined) {
    check.fault(`${field}.ipBlock.cidr`, 'is no range of addresses', 'Write it as in 198.51.100.0/24');
  }
  for (const key of ['podSelector', 'namespaceSelector'] as const) {
    if (peer[key] !== undefined) checkSelector(check, peer[key], `${field}.${key}`);
  }
}
