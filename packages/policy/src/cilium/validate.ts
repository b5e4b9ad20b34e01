import type { Diagnostic } from '../model/diagnostic.ts';
import { ObjectCheck } from '../names/check.ts';
import { isMap, type Live, liveCidr, liveText } from '../names/live.ts';
import { MATCH_NAME, MATCH_PATTERN, MAX_CILIUM_PORTS, MAX_FQDN_LENGTH } from './dialect.ts';

/** Destinations of which `toFQDNs` may not stand beside any. */
const OTHERS = [
  'toEndpoints',
  'toRequires',
  'toCIDR',
  'toCIDRSet',
  'toEntities',
  'toServices',
  'toGroups',
  'toNodes',
];

/** What the API server or Cilium's agent would refuse of a CiliumNetworkPolicy's egress. */
export function validateCilium(object: Live): readonly Diagnostic[] {
  const check = new ObjectCheck('cilium', object);
  check.metadata(object);
  const { spec, specs } = object;
  if (!isMap(spec) && !Array.isArray(specs)) check.fault('spec', 'is missing', 'Write the rules there');
  const all = [...(isMap(spec) ? [spec] : []), ...(Array.isArray(specs) ? specs : [])];
  for (const one of all) {
    const rules = check.keys(one, 'spec', [
      ...['endpointSelector', 'nodeSelector', 'egress', 'egressDeny', 'ingress', 'ingressDeny'],
      ...['description', 'labels', 'enableDefaultDeny', 'log'],
    ]);
    if (isMap(rules.endpointSelector) === isMap(rules.nodeSelector)) {
      check.fault('spec', 'must have exactly one of endpointSelector, nodeSelector', 'Write one of them');
    }
    for (const [index, rule] of check.list(rules.egress, 'spec.egress').entries()) {
      checkRule(check, rule, `spec.egress[${index}]`, false);
    }
    for (const [index, rule] of check.list(rules.egressDeny, 'spec.egressDeny').entries()) {
      checkRule(check, rule, `spec.egressDeny[${index}]`, true);
    }
  }
  return check.faults;
}

function checkRule(check: ObjectCheck, value: unknown, field: string, isDeny: boolean): void {
  const rule = check.keys(value, field, ['toFQDNs', 'toPorts', 'icmps', 'authentication', ...OTHERS]);
  const fqdns = check.list(rule.toFQDNs, `${field}.toFQDNs`);
  if (isDeny && rule.toFQDNs !== undefined) {
    check.fault(
      `${field}.toFQDNs`,
      'cannot deny names',
      'Deny ranges, or leave the names out of what is allowed',
    );
  }
  const beside = OTHERS.find((key) => rule[key] !== undefined);
  if (fqdns.length > 0 && beside !== undefined) {
    check.fault(`${field}.toFQDNs`, `stands beside ${beside}`, 'Write a rule of its own for the names');
  }
  for (const [index, item] of fqdns.entries()) checkFqdn(check, item, `${field}.toFQDNs[${index}]`);
  for (const [index, range] of check.list(rule.toCIDR, `${field}.toCIDR`).entries()) {
    if (liveCidr(range) === undefined) {
      check.fault(`${field}.toCIDR[${index}]`, 'is no range of addresses', 'Write it as in 198.51.100.0/24');
    }
  }
  for (const [index, item] of check.list(rule.toPorts, `${field}.toPorts`).entries()) {
    checkPorts(check, item, `${field}.toPorts[${index}]`);
  }
}

function checkFqdn(check: ObjectCheck, value: unknown, field: string): void {
  const item = check.oneOf(value, field, ['matchName', 'matchPattern']);
  const remedy = 'Write a name such as api.example.com, or a pattern such as *.example.com';
  if (item.matchName !== undefined) {
    check.text(item.matchName, `${field}.matchName`, MATCH_NAME, remedy, MAX_FQDN_LENGTH);
  }
  if (item.matchPattern !== undefined) {
    check.text(item.matchPattern, `${field}.matchPattern`, MATCH_PATTERN, remedy, MAX_FQDN_LENGTH);
  }
}

function checkPorts(check: ObjectCheck, value: unknown, field: string): void {
  const item = check.keys(value, field, [
    ...['ports', 'rules', 'terminatingTLS', 'originatingTLS', 'serverNames', 'listener'],
  ]);
  for (const [index, entry] of check
    .list(item.ports, `${field}.ports`, { max: MAX_CILIUM_PORTS })
    .entries()) {
    const at = `${field}.ports[${index}]`;
    const port = check.keys(entry, at, ['port', 'endPort', 'protocol']);
    const text = check.text(
      port.port,
      `${at}.port`,
      /^[A-Za-z\d-]{1,15}$/,
      'Write a port in quotes, such as "443"',
    );
    if (/^\d+$/.test(text) && Number(text) > 65535)
      check.fault(`${at}.port`, 'is no port', 'Write 1 to 65535');
    if (port.endPort !== undefined) check.port(port.endPort, `${at}.endPort`);
    const protocol = liveText(port.protocol);
    if (
      port.protocol !== undefined &&
      !['TCP', 'UDP', 'SCTP', 'ANY', 'ICMP', 'ICMPv6'].includes(protocol ?? '')
    ) {
      check.fault(`${at}.protocol`, 'is no protocol', 'Write TCP, UDP, SCTP or ANY');
    }
  }
  const rules = isMap(item.rules) ? item.rules : {};
  for (const [index, entry] of check.list(rules.dns, `${field}.rules.dns`).entries()) {
    checkFqdn(check, entry, `${field}.rules.dns[${index}]`);
  }
}
