import type { InternalsSource } from '@paude/proxy';

/** The parts of `process` that commands use; tests pass their own. */
export type Io = Pick<
  NodeJS.Process,
  | 'env'
  | 'stdout'
  | 'stderr'
  | 'stdin'
  | 'on'
  | 'off'
  | 'exitCode'
  | 'arch'
  | 'cwd'
  | 'execPath'
  | 'getgid'
  | 'getuid'
  | 'kill'
  | 'pid'
  | 'platform'
> &
  InternalsSource;
