import type { Dialect } from '../names/dialect.ts';

/** Rules of an object, peers of a rule, names or ranges of a peer, protocols of a rule: each at most so many. */
export const MAX_CLUSTER_POLICY_ITEMS = 25;

/** `DomainName` of the CRD: two labels at least, `*.` in front for one label and more. */
export const DOMAIN_NAME =
  /^(\*\.)?([a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?$/;

/** What a ClusterNetworkPolicy can say: names can be accepted, ranges denied as well. */
export const CLUSTER_NETWORK_POLICY_DIALECT: Dialect = {
  kind: 'ClusterNetworkPolicy',
  prefix: 'cluster-network-policy',
  isName: (name) => DOMAIN_NAME.test(name),
  wildcards: 'subdomains',
  addresses: true,
  all: true,
  denies: 'addresses',
  ports: 'tcp',
};
