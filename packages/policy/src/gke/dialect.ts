import type { Dialect } from '../names/dialect.ts';

/** `name` of the CRD: `^([a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])*\.?)*$`, written so that it is checked in linear time. */
export const FQDN_NAME =
  /^[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?)*\.?$/;

/** `pattern` of the CRD: `*` is any characters of a label. */
export const FQDN_PATTERN =
  /^[a-zA-Z0-9*]([-a-zA-Z0-9_*]*[a-zA-Z0-9*])?(\.[a-zA-Z0-9*]([-a-zA-Z0-9_*]*[a-zA-Z0-9*])?)*\.?$/;

/** What an FQDNNetworkPolicy can say: names alone, no ranges, no denies. */
export const GKE_DIALECT: Dialect = {
  kind: 'FQDNNetworkPolicy',
  prefix: 'gke',
  isName: (name) => FQDN_NAME.test(name),
  isGlob: (glob) => FQDN_PATTERN.test(glob) && !glob.includes('**'),
  wildcards: 'one-label',
  addresses: false,
  all: false,
  denies: 'nothing',
  ports: 'tcp',
};
