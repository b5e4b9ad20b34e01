/** What runs sessions. */
export type BackendName = 'podman' | 'docker' | 'openshift' | 'kubernetes';

/**
 * `broken` is one whose parts do not fit (a create that was cut off, a proxy that is gone): the next start or create mends
 * it, delete removes it. `unreachable` is one that is known here and whose backend does not answer.
 */
export type SessionState = 'running' | 'stopped' | 'broken' | 'unreachable';

/** One agent's persistent container, volume, proxy and policies, as its backend knows it. */
export interface Session {
  /** A DNS label of at most 46 characters. */
  readonly name: string;
  readonly backend: BackendName;
  readonly state: SessionState;
  /** The agent's name: `claude`, `shell`. */
  readonly agent: string;
  /** The image of the session's container. */
  readonly image: string;
  /** The directory that it was made from, on the machine that made it. */
  readonly workspace: string;
  /** The words of its allowlist, as they were written. */
  readonly allowedDomains: readonly string[];
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  /** The version of paude that made it, or upgraded it last. */
  readonly version: string;
  /** Why it is broken or unreachable, a clause without a full stop. */
  readonly problem?: string;
}

/** What the parts of a running session do now. */
export interface SessionStatus extends Session {
  readonly proxy: 'ready' | 'not-ready' | 'missing';
  /** Whether the agent's own process runs in its terminal, and when that terminal last showed something new. */
  readonly activity: { readonly running: boolean; readonly lastMs?: number };
  /** What the session may use, as it was asked for. */
  readonly resources: Resources;
}

/** Limits of a session's container; of its proxy the backend's own. */
export interface Resources {
  /** Cores, fractions allowed. @default 4 */
  readonly cpus?: number;
  /** Bytes. @default 8 GiB */
  readonly memoryBytes?: number;
  /** Processes and threads. @default 4096 */
  readonly pids?: number;
}
