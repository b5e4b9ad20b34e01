import type { Dialect } from '../names/dialect.ts';

/** The characters that Antrea takes in `fqdn`. */
export const FQDN = /^[-0-9a-zA-Z*]+(?:\.[-0-9a-zA-Z*]+)*$/;

/** What an Antrea NetworkPolicy can say. Its `*` crosses dots, so it is used in front of whole labels alone. */
export const ANTREA_DIALECT: Dialect = {
  kind: 'AntreaNetworkPolicy',
  prefix: 'antrea',
  isName: (name) => FQDN.test(name),
  wildcards: 'subdomains',
  addresses: true,
  all: true,
  denies: 'names-and-addresses',
  ports: 'tcp',
};
