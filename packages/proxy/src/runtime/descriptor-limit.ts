import { readFileSync } from 'node:fs';

/** Descriptors for everything that is no tunnel: log, listeners, DNS, metrics, connections that wait. */
const RESERVED = 256;
const DEFAULT_MAX_TUNNELS = 10_000;

/** How many tunnels the process can hold, two descriptors each; at most 10,000 unless told otherwise. */
export function defaultMaxTunnels(): number {
  const limit = softDescriptorLimit();
  if (limit === undefined) return DEFAULT_MAX_TUNNELS;
  return Math.max(16, Math.min(DEFAULT_MAX_TUNNELS, Math.floor((limit - RESERVED) / 2)));
}

/** The soft limit on open files, from /proc; undefined where there is none to read. */
export function softDescriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
