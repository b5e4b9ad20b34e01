import { lookup } from 'node:dns/promises';
import { type Cidr, type Host, parseCidr } from '@paude/allowlist';
import type { AllowedClients } from '../config/config.ts';

const REFRESH_MS = 5000;

/**
 * Keeps the addresses of clients that are allowed by name (a pod's DNS name, whose address changes with every restart).
 * A name that has no address lets nobody in.
 *
 * @param onNetworks Told all allowed networks, whenever they have changed.
 * @returns a function that stops it.
 */
export async function followClientNames(
  clients: AllowedClients,
  onNetworks: (networks: readonly Cidr[]) => void,
): Promise<() => void> {
  let known = '';
  const refresh = async () => {
    const found = (await Promise.all(clients.names.map(addressesOf))).flat().sort();
    if (found.join() === known) return;
    known = found.join();
    onNetworks([...clients.networks, ...found.map(parseCidr)]);
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
