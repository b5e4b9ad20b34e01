import type {
  Backend,
  BackendName,
  EngineName,
  KnownSession,
  OperationOptions,
  SessionImageRequest,
} from '@paude/sessions';
import type { Io } from '../io.ts';

/** What the commands of sessions work with. */
export interface Sessions {
  /** The backends that there are, the one that is used first in front. */
  readonly backendNames: readonly EngineName[];
  /** @throws PaudeError `backend-unknown`. */
  backend(name: BackendName): Backend;
  /** Builds a session's image, or finds it. @returns its name. */
  buildImage(
    name: EngineName,
    request: Omit<SessionImageRequest, 'directory'>,
    options: OperationOptions,
  ): Promise<string>;
  /** Those that were made from here. */
  known(): Promise<readonly KnownSession[]>;
  /** Takes one from those; the session itself is not touched. */
  forget(backend: BackendName, name: string): Promise<void>;
}

/** Makes it, when a command is run and not before: loading it takes time. */
export type OpenSessions = (io: Io) => Promise<Sessions>;
