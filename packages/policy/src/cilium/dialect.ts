import type { Dialect } from '../names/dialect.ts';

/** The ports that Cilium takes in one `toPorts` item. */
export const MAX_CILIUM_PORTS = 40;

/** `matchName` of the CRD: `^([-a-zA-Z0-9_]+[.]?)+$`, written so that it is checked in linear time. */
export const MATCH_NAME = /^[-a-zA-Z0-9_]+(?:\.[-a-zA-Z0-9_]+)*\.?$/;

/** `matchPattern` of the CRD; `**` is a wildcard of its own in front alone. */
export const MATCH_PATTERN = /^[-a-zA-Z0-9_*]+(?:\.[-a-zA-Z0-9_*]+)*\.?$/;

/** The longest name or pattern. */
export const MAX_FQDN_LENGTH = 255;

/** What a CiliumNetworkPolicy can say. */
export const CILIUM_DIALECT: Dialect = {
  kind: 'CiliumNetworkPolicy',
  prefix: 'cilium',
  isName: (name) => MATCH_NAME.test(name),
  isGlob: (glob) => MATCH_PATTERN.test(glob) && !glob.includes('**'),
  wildcards: 'both',
  addresses: true,
  all: true,
  denies: 'addresses',
  ports: 'tcp',
};
