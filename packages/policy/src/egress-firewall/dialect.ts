import { tryParseHost } from '@paude/allowlist';
import type { Dialect } from '../names/dialect.ts';

/** The one name that the CRD takes. */
export const EGRESS_FIREWALL_NAME = 'default';

/** The rules that OVN-Kubernetes takes in one object. */
export const MAX_EGRESS_FIREWALL_RULES = 8000;

/** What `.status.status` says when the rules are in force. */
export const APPLIED_STATUS = 'EgressFirewall Rules applied';

/** The CRD's pattern of `dnsName`: no underscore. */
export const DNS_NAME = /^(\*\.)?([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+\.?$/;

/** What an EgressFirewall can say; wildcards only where the cluster runs the DNS name resolver. */
export function egressFirewallDialect(wildcardFirewallNames: boolean): Dialect {
  return {
    kind: 'EgressFirewall',
    prefix: 'egress-firewall',
    isName: (name) => DNS_NAME.test(name) && typeof tryParseHost(name) === 'string',
    wildcards: wildcardFirewallNames ? 'one-label' : 'none',
    addresses: true,
    all: true,
    denies: 'names-and-addresses',
    ports: 'listed',
  };
}
