import type { Dialect } from '../names/dialect.ts';

/** A host of a ServiceEntry: a name of two labels at least (shorter ones are names of Services), `*.` in front. */
export const SERVICE_HOST =
  /^(\*\.)?([a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/;

/** The hosts that the CRD takes in one ServiceEntry. */
export const MAX_SERVICE_HOSTS = 256;

/** What a ServiceEntry can say: names alone, `*.` at any depth, no denies. */
export const ISTIO_DIALECT: Dialect = {
  kind: 'Istio',
  prefix: 'istio',
  isName: (name) => SERVICE_HOST.test(name),
  wildcards: 'subdomains',
  addresses: false,
  all: false,
  denies: 'nothing',
  ports: 'numbered',
};
