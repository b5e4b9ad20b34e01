import type { Dialect } from '../names/dialect.ts';

/** `DomainName` of the CRD, without the letters that its `A-z` lets in by mistake. Two labels at least. */
export const DOMAIN_NAME =
  /^(\*\.)?([a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?$/;

/** What an ApplicationNetworkPolicy can say: `*.` is one label and more; there are no denies. */
export const EKS_DIALECT: Dialect = {
  kind: 'ApplicationNetworkPolicy',
  prefix: 'eks',
  isName: (name) => DOMAIN_NAME.test(name),
  wildcards: 'subdomains',
  addresses: true,
  all: true,
  denies: 'nothing',
  ports: 'tcp',
};
