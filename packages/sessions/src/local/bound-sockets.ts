/**
 * The paths of Unix sockets that are bound somewhere on this machine, from the text of `/proc/net/unix` (proc(5)). Abstract
 * sockets, which have no path, end at the network namespace by themselves.
 */
export function boundSockets(table: string): readonly string[] {
  const paths = table.split('\n').map((line) => /^\S+: (?:\S+\s+){5}\d+ (\/.*)$/.exec(line)?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))];
}
