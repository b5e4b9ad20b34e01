import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { MakerName } from '@paude/sessions/local';
import { findCommand, haveCommand } from '../support/commands.ts';
import { type ComponentTests, componentTests } from '../support/components.ts';

export const repository: string = fileURLToPath(new URL('../..', import.meta.url));

/** Whom tests run as that an ordinary user shall run: nobody whom the machine knows. */
const ORDINARY = 54_321;

/** As whom, and by which maker of sandboxes, a command is run. */
export interface Way {
  readonly title: string;
  readonly maker: MakerName;
  /** Undefined: as whoever runs the tests. */
  readonly uid: number | undefined;
  readonly tests: ComponentTests;
}

/** As root and as an ordinary user, with bubblewrap and without; what is not to be had here is skipped by name. */
export const WAYS: readonly Way[] = (['bubblewrap', 'unshare'] as const).flatMap((maker) => {
  const isRoot = process.getuid?.() === 0;
  const users: [string, number | undefined][] = isRoot
    ? [
        ['root', undefined],
        ['an ordinary user', ORDINARY],
      ]
    : [['an ordinary user', undefined]];
  return users.map(([who, uid]) => ({
    title: `as ${who}, by ${maker}`,
    maker,
    uid,
    tests: componentTests(missingFor(maker, uid)),
  }));
});

/** Those of the ways that differ most: where a test says little of the user. */
export const MAKERS: readonly Way[] = WAYS.filter(({ uid }) => uid === undefined);

/** A command line as the user of a way runs it. */
export function asUser({ uid }: Pick<Way, 'uid'>, words: readonly string[]): [string, string[]] {
  const [command = '', ...args] = words;
  if (uid === undefined) return [command, args];
  const identity = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--'];
  // Where it is now: a test may put something else in front of PATH.
  return [findCommand('setpriv') ?? 'setpriv', [...identity, ...words]];
}

function missingFor(maker: MakerName, uid: number | undefined): readonly string[] {
  const commands = maker === 'bubblewrap' ? ['bwrap'] : ['unshare', 'setpriv', 'mount', 'ip'];
  const missing = commands.filter((name) => !haveCommand(name));
  if (missing.length > 0) return missing;
  const [command, args] = asUser({ uid }, ['unshare', '--user', '--map-root-user', '--net', 'true']);
  if (spawnSync(command, args).status !== 0) return ['user namespaces'];
  const [test, words] = asUser({ uid }, [
    'test',
    '-x',
    process.execPath,
    '-a',
    '-r',
    `${repository}package.json`,
  ]);
  return spawnSync(test, words).status === 0 ? [] : ['repository that other users can read'];
}
