import { fileURLToPath } from 'node:url';
import { eventually } from './deadline.ts';
import type { ProxyProcess } from './proxy-process.ts';

const probe = fileURLToPath(new URL('./heap-probe.ts', import.meta.url));

/**
 * What Node runs for a proxy whose live memory can be asked for. Resident memory says little about leaks: V8 gives pages
 * back when it needs to collect, and an idle process never needs to.
 */
export const probedProxy: readonly string[] = [
  '--expose-gc',
  '--import',
  probe,
  'apps/paude/src/main.ts',
  'proxy',
];

/** Bytes that are alive in a proxy started with {@link probedProxy}, after its garbage has been collected. */
export async function liveMemory(proxy: ProxyProcess): Promise<number> {
  const before = proxy.events({ event: 'live-memory' }).length;
  proxy.signal('SIGUSR2');
  const event = await eventually(
    'the proxy to say what is alive',
    () => proxy.events({ event: 'live-memory' })[before],
    { timeoutMs: 20_000, intervalMs: 100 },
  );
  return Number(event.bytes);
}
