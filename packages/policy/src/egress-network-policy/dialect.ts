import type { Dialect } from '../names/dialect.ts';

/** One object for a namespace; a second one makes OpenShift SDN drop everything. */
export const EGRESS_NETWORK_POLICY_NAME = 'default';

/** The rules that OpenShift SDN takes in one object. */
export const MAX_EGRESS_NETWORK_POLICY_RULES = 1000;

/** A DNS subdomain in lower case, without wildcards. */
export const DNS_SUBDOMAIN = /^[a-z\d]([a-z\d-]*[a-z\d])?(\.[a-z\d]([a-z\d-]*[a-z\d])?)*$/;

/** What an EgressNetworkPolicy can say: names and ranges, no wildcards, no ports. */
export const EGRESS_NETWORK_POLICY_DIALECT: Dialect = {
  kind: 'EgressNetworkPolicy',
  prefix: 'egress-network-policy',
  isName: (name) => DNS_SUBDOMAIN.test(name),
  wildcards: 'none',
  addresses: true,
  all: true,
  denies: 'names-and-addresses',
  ports: 'none',
};
