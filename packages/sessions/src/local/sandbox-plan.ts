import type { Mount } from './mount.ts';

/** What a sandbox consists of, whichever program makes it. */
export interface SandboxPlan {
  /** In the order in which they take effect. Undefined: the file system is that of the machine. */
  readonly mounts: readonly Mount[] | undefined;
  /** Where the command starts; absolute. */
  readonly directory: string;
  /** Whom the command runs as, inside as outside. */
  readonly user: { readonly uid: number; readonly gid: number };
}

/** Capabilities, devices, `/proc` and `/dev` are the same for every plan: what a program needs to run, and no more. */
export const DEVICES: readonly string[] = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

/** Where the kernel shows and takes its own settings. The owner of a process may write to some, whatever its capabilities. */
export const KERNEL_SETTINGS: readonly string[] = ['sys', 'sysrq-trigger', 'irq', 'bus'];
