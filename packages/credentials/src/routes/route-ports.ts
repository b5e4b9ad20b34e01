import { type Allowlist, parseWords } from '@paude/allowlist';

/** TLS is intercepted, so a host without a port is meant at the port of HTTPS: a secret never travels in the clear. */
const ROUTE_PORTS: readonly number[] = [443];

/** Words of a route as an allowlist whose default port is 443. */
export function routePorts(words: readonly string[]): Allowlist {
  return { ...parseWords(words), defaultPorts: ROUTE_PORTS };
}
