import { lookup } from 'node:dns/promises';
import { type Cidr, type Host, parseCidr } from '@paude/allowlist';
import type { AllowedClients } from '../config/config.ts';

const REFRESH_MS = 5000;

/** Who is told what is found. */
export interface ClientNamesListener {
  /** All allowed networks, whenever they have changed. */
  onNetworks(networks: readonly Cidr[]): void;
  /** The names that have no address, whenever these have changed: who comes from there is refused. */
  onMissing(names: readonly Host[]): void;
}

export interface FollowOptions {
  /** The addresses of a name now. @default those that the system's resolver finds */
  readonly lookUp?: (name: Host) => Promise<readonly string[]>;
}

/**
 * Keeps the addresses of clients that are allowed by name (a pod's DNS name, whose address changes with every restart).
 * A name that has no address lets nobody in.
 *
 * @returns a function that stops it.
 */
export async function followClientNames(
  clients: AllowedClients,
  listener: ClientNamesListener,
  options: FollowOptions = {},
): Promise<() => void> {
  const { lookUp = addressesOf } = options;
  let known = '';
  let knownMissing = '';
  const refresh = async () => {
    const answers = await Promise.all(clients.names.map((name) => lookUp(name)));
    const found = answers.flat().sort();
    const missing = clients.names.filter((_name, place) => answers[place]?.length === 0);
    if (missing.join() !== knownMissing) {
      knownMissing = missing.join();
      listener.onMissing(missing);
    }
    if (found.join() === known) return;
    known = found.join();
    listener.onNetworks([...clients.networks, ...found.map(parseCidr)]);
  };
  await refresh();
  const timer = setInterval(() => void refresh(), REFRESH_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Through the system's resolver, which knows the cluster's search domains. */
async function addressesOf(name: Host): Promise<string[]> {
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}
