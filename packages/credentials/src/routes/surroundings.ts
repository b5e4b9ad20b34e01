import type { Environment } from '../secrets/environment-secret.ts';
import type { TokenKeeperOptions } from '../tokens/token-keeper.ts';
import type { Fetch } from '../tokens/token-request.ts';

/** Something that happened to a credential, for metrics and the log. Holds no secret. */
export interface CredentialEvent {
  readonly kind: /** A fresh access token came. */
    | 'refreshed'
    /** None came; there will be a pause before the next attempt. */
    | 'refresh-failed'
    /** Tokens could not be kept for after a restart, or those from before one not be read. */
    | 'state-not-saved';
  readonly route: string;
  /** One clause about a failure. */
  readonly detail?: string;
}

/** What routes are opened with. */
export interface RouteSurroundings {
  /** The variables that routes may name. */
  readonly environment: Environment;
  /** How token endpoints are reached, for those behind a proxy or with an authority of their own. @default fetch */
  readonly fetch?: Fetch;
  /** Where rotated refresh tokens are kept when a route names no file of its own. @default nowhere */
  readonly stateDirectory?: string | undefined;
  readonly observe?: (event: CredentialEvent) => void;
  /** The metadata server, for tests. @default 'http://169.254.169.254' */
  readonly metadataServer?: string;
  /** Pauses and the clock of token refreshes, for tests. */
  readonly keeper?: Partial<Pick<TokenKeeperOptions, 'refreshBeforeMs' | 'youngMs' | 'backoffMs' | 'now'>>;
}
