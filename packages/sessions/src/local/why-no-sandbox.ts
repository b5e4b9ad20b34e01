import { readFileSync } from 'node:fs';
import { PaudeError } from '@paude/errors';

/** A setting of the kernel that forbids namespaces, what it means and how to change it. */
interface Switch {
  readonly file: string;
  readonly forbids: (value: number) => boolean;
  readonly why: string;
  readonly remedy: string;
}

const SWITCHES: readonly Switch[] = [
  {
    file: 'user/max_user_namespaces',
    forbids: (value) => value === 0,
    why: 'user namespaces are turned off (user.max_user_namespaces is 0)',
    remedy: 'Turn them on, as root: sysctl user.max_user_namespaces=15000',
  },
  {
    file: 'user/max_net_namespaces',
    forbids: (value) => value === 0,
    why: 'network namespaces are turned off (user.max_net_namespaces is 0)',
    remedy: 'Turn them on, as root: sysctl user.max_net_namespaces=15000',
  },
  {
    file: 'kernel/unprivileged_userns_clone',
    forbids: (value) => value === 0,
    why: 'only root may make user namespaces (kernel.unprivileged_userns_clone is 0)',
    remedy: 'Allow it to everybody, as root: sysctl kernel.unprivileged_userns_clone=1',
  },
  {
    file: 'kernel/apparmor_restrict_unprivileged_userns',
    forbids: (value) => value !== 0,
    why: 'AppArmor keeps programs without a profile from using user namespaces (kernel.apparmor_restrict_unprivileged_userns)',
    remedy:
      'Install bubblewrap and its profile (apparmor-profiles, bwrap-userns-restrict), or turn it off, as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0',
  },
];

/**
 * Why a sandbox could not be made, as far as the settings of this machine tell, and what to do about it.
 *
 * @param settings The directory of the settings; tests have their own.
 */
export function whyNoSandbox(exit: string, settings = '/proc/sys'): PaudeError {
  const found = SWITCHES.find(({ file, forbids }) => {
    const value = readNumber(`${settings}/${file}`);
    return value !== undefined && forbids(value);
  });
  return new PaudeError('sandbox-unavailable', {
    action: 'make a sandbox',
    why: found?.why ?? `the namespaces for it are not allowed here, or incomplete (${exit})`,
    remedy:
      found?.remedy ??
      'What was said before this tells what failed. In a container, run it with --security-opt seccomp=unconfined --security-opt systempaths=unconfined, or use a backend that runs sessions in containers',
  });
}

function readNumber(file: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10);
  } catch {
    return undefined;
  }
}
