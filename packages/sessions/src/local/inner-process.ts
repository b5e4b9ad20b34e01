import { readdirSync, readFileSync } from 'node:fs';

/**
 * The id by which this machine knows a process inside of a sandbox.
 *
 * @param outer The process that made the sandbox; the one that is looked for descends from it.
 * @param inner Its id as seen inside, which is the last of its ids here (`NSpid` in proc(5)).
 * @returns undefined when there is none any more.
 */
export function processInside(outer: number, inner: number): number | undefined {
  return descendantsOf(outer).find((pid) => idInside(pid) === inner);
}

/** All processes inside of a sandbox but the first, which only waits for the others. */
export function processesInside(outer: number): readonly number[] {
  return descendantsOf(outer).filter((pid) => (idInside(pid) ?? 1) !== 1);
}

function descendantsOf(outer: number): readonly number[] {
  const parents = readParents();
  return [...parents.keys()].filter((pid) => descends(pid, outer, parents));
}

function descends(pid: number, ancestor: number, parents: ReadonlyMap<number, number>): boolean {
  // A sandbox is not nested deep; ids are reused, so a ring cannot be ruled out.
  let [current, steps] = [parents.get(pid), 0];
  while (current !== undefined && current !== ancestor && steps++ < 64) current = parents.get(current);
  return current === ancestor;
}

function readParents(): ReadonlyMap<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // The name of the program stands in parentheses, and may hold anything.
    const parent = /\) \S (\d+) [^)]*$/.exec(readText(`/proc/${name}/stat`))?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  return parents;
}

function idInside(pid: number): number | undefined {
  const ids = /^NSpid:\s*(.*)$/m.exec(readText(`/proc/${pid}/status`))?.[1]?.split(/\s+/);
  return ids === undefined || ids.length < 2 ? undefined : Number(ids.at(-1));
}

/** Processes end while one looks. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
