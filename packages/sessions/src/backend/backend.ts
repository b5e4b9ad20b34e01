import type { Readable, Writable } from 'node:stream';
import type { BackendName, Resources, Session, SessionStatus } from '../session/session.ts';

/** What a session is to be. Secrets are not in it: `secrets` names where the proxy finds them. */
export interface SessionSpec {
  readonly name: string;
  readonly agent: string;
  /** The session's image, there or to be pulled. */
  readonly image: string;
  readonly proxyImage: string;
  readonly workspace: string;
  readonly allowedDomains: readonly string[];
  /** The agent acts without asking (its own flag for that). */
  readonly yolo: boolean;
  readonly resources: Resources;
  /** The agent's command line, with its flag for `yolo`. @default a login shell */
  readonly command?: readonly string[];
  /**
   * A POSIX shell script that runs in the session at each start, before the agent: its settings, copies of login stubs.
   * @default none
   */
  readonly prepare?: string;
  /** Further variables of the session; never a secret. Those of the stubs and the proxy go before them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Further settings of the proxy by their variables (`PAUDE_PROXY_UPSTREAM`), but for those that make it this session's own. */
  readonly proxySettings?: Readonly<Record<string, string>>;
  /** Variables and files with real credentials: they go to the proxy alone, as its environment names them. */
  readonly secrets: Secrets;
  /** Credential routes beside the default ones, as `--credentials` of `paude proxy` takes them (JSON text). */
  readonly credentials?: string;
  readonly gitIdentity?: { readonly name: string; readonly email: string };
}

export interface Secrets {
  /** Name → value. Handed over by file descriptor, stdin or API body, never in an argv. */
  readonly variables: ReadonlyMap<string, string>;
  /** Variable that names the file → its content. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Told what goes on, for progress. */
export interface Progress {
  /** A step begins: `Starting the proxy`. */
  step(title: string): void;
  /** A line of output of what runs now. */
  detail(line: string): void;
}

export interface OperationOptions {
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** A command in a session's container. */
export interface ExecRequest {
  readonly command: readonly string[];
  /** @default the workspace */
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: Readable;
  /** @default discarded */
  readonly stdout?: Writable;
  readonly stderr?: Writable;
  /** Takes a terminal; streams are then this process's own. @default false */
  readonly tty?: boolean;
}

export interface LogOptions {
  /** What the agent's terminal showed, or the proxy's audit log. */
  readonly of: 'agent' | 'proxy';
  /** @default false */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

/** One refusal that the session's proxy logged. */
export interface BlockedDomain {
  readonly host: string;
  readonly port: number;
  readonly reason: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastMs: number;
}

/** What an upgrade changes; what is left out stays as it was made. */
export type UpgradeSpec = Pick<SessionSpec, 'image' | 'proxyImage' | 'secrets' | 'credentials'> &
  Partial<Pick<SessionSpec, 'command' | 'prepare' | 'environment' | 'proxySettings'>>;

/**
 * Runs sessions. Every operation can be repeated: what is there already is left as it is, what a cut-off operation left
 * half-made is finished or undone. Proxy before agent, always.
 *
 * @throws PaudeError `session-name-invalid`, `session-missing`, `session-exists`, `session-not-running`, `session-broken`,
 * `session-busy` (another operation is at work on it), `backend-missing` (no such program), `backend-unreachable`,
 * `image-missing`, `disk-full`, `proxy-not-ready`, `backend-failed` (with what the engine said).
 */
export interface Backend {
  readonly name: BackendName;
  /** Rejects when it cannot be used, saying what to install or start. */
  check(): Promise<void>;
  /** A failed one leaves nothing behind. */
  create(spec: SessionSpec, options?: OperationOptions): Promise<Session>;
  start(name: string, options?: OperationOptions): Promise<void>;
  /** Keeps the volume, the allowlist and the proxy's log. */
  stop(name: string, options?: OperationOptions): Promise<void>;
  /** Removes all of it. One that is not there is no failure, but rejects with `session-missing` when nothing of it was. */
  delete(name: string, options?: OperationOptions): Promise<void>;
  list(): Promise<readonly Session[]>;
  status(name: string): Promise<SessionStatus>;
  /** @returns the exit code. */
  exec(name: string, request: ExecRequest): Promise<number>;
  /** Joins the agent's terminal. @returns the exit code of the client: 0 after a detach. */
  connect(name: string): Promise<number>;
  /** Tar in or out; `path` is absolute or below the workspace. */
  copyIn(name: string, path: string, archive: Readable): Promise<void>;
  copyOut(name: string, path: string): Promise<Readable>;
  logs(name: string, options: LogOptions): Promise<Readable>;
  allowedDomains(name: string): Promise<readonly string[]>;
  /** In force within seconds, without a restart; a tunnel that the new words deny is cut. */
  setAllowedDomains(name: string, words: readonly string[]): Promise<void>;
  blockedDomains(name: string): Promise<readonly BlockedDomain[]>;
  /** New images, the same volume; can be resumed. */
  upgrade(name: string, spec: UpgradeSpec, options?: OperationOptions): Promise<void>;
}
