import type { Diagnostic } from '../model/diagnostic.ts';
import { ObjectCheck } from '../names/check.ts';
import { checkSelector } from '../names/check-policy.ts';
import { type Live, liveCidr, liveMap, livePort } from '../names/live.ts';
import { DOMAIN_NAME, MAX_CLUSTER_POLICY_ITEMS } from './dialect.ts';

const MANY = { max: MAX_CLUSTER_POLICY_ITEMS };
const SOME = { min: 1, max: MAX_CLUSTER_POLICY_ITEMS };

/** What the API server would refuse of a ClusterNetworkPolicy's egress. */
export function validateClusterNetworkPolicy(object: Live): readonly Diagnostic[] {
  const check = new ObjectCheck('cluster-network-policy', object);
  check.metadata(object);
  if (liveMap(object.metadata).namespace !== undefined) {
    check.fault('metadata.namespace', 'stands in an object of the whole cluster', 'Leave it out');
  }
  const spec = check.keys(object.spec, 'spec', ['tier', 'priority', 'subject', 'ingress', 'egress']);
  check.text(spec.tier, 'spec.tier', /^(?:Admin|Baseline)$/, 'Write Admin or Baseline');
  const { priority } = spec;
  if (typeof priority !== 'number' || !Number.isInteger(priority) || priority < 0 || priority > 1000) {
    check.fault('spec.priority', 'is no priority', 'Write a number from 0 to 1000');
  }
  const subject = check.oneOf(spec.subject, 'spec.subject', ['namespaces', 'pods']);
  if (subject.pods !== undefined) checkPods(check, subject.pods, 'spec.subject.pods');
  if (subject.namespaces !== undefined) checkSelector(check, subject.namespaces, 'spec.subject.namespaces');
  for (const [index, value] of check.list(spec.egress, 'spec.egress', MANY).entries()) {
    checkRule(check, value, `spec.egress[${index}]`);
  }
  return check.faults;
}

function checkRule(check: ObjectCheck, value: unknown, field: string): void {
  const rule = check.keys(value, field, ['name', 'action', 'to', 'protocols']);
  if (rule.name !== undefined) check.text(rule.name, `${field}.name`, /^/, 'Use at most 100 characters', 100);
  const action = check.text(
    rule.action,
    `${field}.action`,
    /^(?:Accept|Deny|Pass)$/,
    'Write Accept, Deny or Pass',
  );
  for (const [index, item] of check.list(rule.to, `${field}.to`, SOME).entries()) {
    const at = `${field}.to[${index}]`;
    const peer = check.oneOf(item, at, ['namespaces', 'pods', 'nodes', 'networks', 'domainNames']);
    if (peer.pods !== undefined) checkPods(check, peer.pods, `${at}.pods`);
    if (peer.domainNames !== undefined) {
      if (action !== 'Accept')
        check.fault(`${at}.domainNames`, `cannot be used with ${action}`, 'Deny ranges instead');
      for (const [place, name] of check.list(peer.domainNames, `${at}.domainNames`, SOME).entries()) {
        const remedy = 'Write a name of two labels or more, or *. in front of one';
        check.text(name, `${at}.domainNames[${place}]`, DOMAIN_NAME, remedy);
      }
    }
    if (peer.networks !== undefined) {
      for (const [place, range] of check.list(peer.networks, `${at}.networks`, SOME).entries()) {
        if (liveCidr(range) !== undefined) continue;
        check.fault(`${at}.networks[${place}]`, 'is no range of addresses', 'Write it as in 198.51.100.0/24');
      }
    }
  }
  if (rule.protocols === undefined) return;
  for (const [index, item] of check.list(rule.protocols, `${field}.protocols`, SOME).entries()) {
    checkProtocol(check, item, `${field}.protocols[${index}]`);
  }
}

function checkProtocol(check: ObjectCheck, value: unknown, field: string): void {
  const protocol = check.oneOf(value, field, ['tcp', 'udp', 'sctp', 'destinationNamedPort']);
  for (const name of ['tcp', 'udp', 'sctp']) {
    if (protocol[name] === undefined) continue;
    const { destinationPort } = check.keys(protocol[name], `${field}.${name}`, ['destinationPort']);
    const at = `${field}.${name}.destinationPort`;
    const port = check.oneOf(destinationPort, at, ['number', 'range']);
    if (port.number !== undefined) check.port(port.number, `${at}.number`);
    if (port.range === undefined) continue;
    const { start, end } = check.keys(port.range, `${at}.range`, ['start', 'end']);
    check.port(start, `${at}.range.start`);
    check.port(end, `${at}.range.end`);
    const [first, last] = [livePort(start), livePort(end)];
    if (first !== undefined && last !== undefined && first >= last) {
      check.fault(`${at}.range`, 'does not end behind its start', 'Write number for a single port');
    }
  }
}

function checkPods(check: ObjectCheck, value: unknown, field: string): void {
  const pods = check.keys(value, field, ['namespaceSelector', 'podSelector']);
  checkSelector(check, pods.namespaceSelector, `${field}.namespaceSelector`);
  checkSelector(check, pods.podSelector, `${field}.podSelector`);
}
