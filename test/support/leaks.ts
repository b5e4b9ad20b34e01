import { readdir, readFile, readlink } from 'node:fs/promises';
import { eventually } from './deadline.ts';

/** What a process holds. */
export interface ProcessResources {
  /** Open file descriptors of every kind. */
  readonly descriptors: number;
  /** Those of them that are sockets. */
  readonly sockets: number;
  /** Resident memory. */
  readonly rssBytes: number;
}

/** How far above the baseline still counts as back to it. */
export interface BaselineOptions {
  /** @default 0 */
  readonly extraDescriptors?: number;
  /** @default 64 MiB */
  readonly extraRssBytes?: number;
  /** @default 10000 */
  readonly timeoutMs?: number;
}

/** Counts what a process of this machine holds now, from /proc. */
export async function resourcesOf(pid: number): Promise<ProcessResources> {
  const directory = `/proc/${pid}/fd`;
  const names = await readdir(directory);
  const targets = await Promise.all(
    names.map((name) => readlink(`${directory}/${name}`).catch(() => undefined)),
  );
  const open = targets.filter((target) => target !== undefined);
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  return {
    descriptors: open.length,
    sockets: open.filter((target) => target.startsWith('socket:')).length,
    rssBytes: kilobytes * 1024,
  };
}

/** Waits until a process holds no more than it did at `baseline`; rejects with the last count when it never does. */
export async function expectBackToBaseline(
  pid: number,
  baseline: ProcessResources,
  options: BaselineOptions = {},
): Promise<ProcessResources> {
  const { extraDescriptors = 0, extraRssBytes = 64 * 1_048_576, timeoutMs = 10_000 } = options;
  let last = baseline;
  const probe = async () => {
    last = await resourcesOf(pid);
    const isBack =
      last.descriptors <= baseline.descriptors + extraDescriptors &&
      last.sockets <= baseline.sockets + extraDescriptors &&
      last.rssBytes <= baseline.rssBytes + extraRssBytes;
    return isBack && last;
  };
  try {
    return await eventually('the process to let go', probe, { timeoutMs, intervalMs: 100 });
  } catch (cause) {
    const held = `${JSON.stringify(last)}, at first ${JSON.stringify(baseline)}`;
    throw new Error(`Process ${pid} still holds ${held}`, { cause });
  }
}
