/** What a session consists of, by the names that the engine knows it by. */
export interface PartNames {
  /** The session's container, its volume and the network that it is on. */
  readonly session: string;
  /** The proxy's container and volume. */
  readonly proxy: string;
  /** The network by which the proxy, and only it, gets out. */
  readonly outer: string;
}

export function partNames(name: string): PartNames {
  return { session: `paude-${name}`, proxy: `paude-proxy-${name}`, outer: `paude-outer-${name}` };
}

/** Labels of all parts. Those of the session itself are on all of them, so that one that is left alone still says whose it is. */
export const LABELS = {
  app: 'app',
  name: 'paude.io/session-name',
  agent: 'paude.io/agent',
  version: 'paude.io/version',
  createdAt: 'paude.io/created-at',
  workspace: 'paude.io/workspace',
} as const;

export const APP = 'paude';

/** Users of the containers: not root, in group 0, and not one another. Below 65536, for rootless engines map no more. */
export const SESSION_UID = 53_128;
export const PROXY_UID = 53_129;

/** Where things are in the containers. */
export const PLACES = {
  /** In the session: its volume, and below it what a person works on and HOME. */
  volume: '/pvc',
  workspace: '/pvc/workspace',
  home: '/pvc/home',
  /** In the session: stubs, in memory. */
  credentials: '/credentials',
  stubs: '/credentials/stubs',
  /** In the proxy: its volume. */
  proxy: '/var/lib/paude',
} as const;

export const PROXY_PORT = 3128;
