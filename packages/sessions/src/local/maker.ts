import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PaudeError } from '@paude/errors';

/** What makes the namespaces of a sandbox. */
export type MakerName = 'bubblewrap' | 'unshare';

/** A way to make a sandbox that this machine has. */
export type Maker =
  | { readonly name: 'bubblewrap'; readonly bwrap: string }
  | {
      readonly name: 'unshare';
      readonly unshare: string;
      readonly setpriv: string;
      /** The command that brings the loopback of a new network up. */
      readonly loopback: readonly string[];
      /** What can give a process a filter of its calls; undefined where it is not installed. */
      readonly perl: string | undefined;
    };

/**
 * Where programs of the system lie, as in PATH. Not the user's PATH: in a project, a directory that the command may write to
 * often stands first in it, and what makes the next sandbox would be taken from there.
 */
export const SYSTEM_PATH =
  '/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin:/usr/local/sbin:/usr/local/bin';

/** What has to be installed for plain namespaces; all of it is in util-linux. */
const UTILITIES = ['unshare', 'setpriv', 'mount', 'umount', 'pivot_root'];

/** In the order of preference. */
const LOOPBACK = [
  ['ip', 'link', 'set', 'lo', 'up'],
  ['ifconfig', 'lo', 'up'],
  ['busybox', 'ip', 'link', 'set', 'lo', 'up'],
];

/**
 * The maker of sandboxes that a machine has: bubblewrap where it is installed, else the programs of util-linux.
 *
 * @throws PaudeError `sandbox-unavailable`, with what to install.
 */
export function findMaker(only?: MakerName): Maker {
  const find = (name: string) => findProgram(name, SYSTEM_PATH);
  const bwrap = find('bwrap');
  if (bwrap !== undefined && only !== 'unshare') return { name: 'bubblewrap', bwrap };
  const [unshare, setpriv] = [find('unshare'), find('setpriv')];
  const missing = UTILITIES.filter((name) => find(name) === undefined);
  const loopback = LOOPBACK.find(([name = '']) => find(name) !== undefined);
  if (only === 'bubblewrap' || unshare === undefined || setpriv === undefined || missing.length > 0) {
    throw missingPrograms(only === 'bubblewrap' ? 'bwrap' : `bwrap, nor ${missing.join(', ')}`, 'bubblewrap');
  }
  if (loopback === undefined)
    throw missingPrograms('bwrap, and no ip that brings up a network', 'bubblewrap, or iproute2');
  return { name: 'unshare', unshare, setpriv, loopback, perl: find('perl') };
}

/** The absolute path of a program, as a shell would find it; undefined when there is none. */
export function findProgram(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function missingPrograms(what: string, remedy: string): PaudeError {
  return new PaudeError('sandbox-unavailable', {
    action: 'make a sandbox',
    why: `this machine has no ${what}`,
    remedy: `Install ${remedy}`,
  });
}
