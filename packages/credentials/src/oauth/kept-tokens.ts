import { PaudeError } from '@paude/errors';
import type { Login, OAuthProvider } from './provider.ts';
import type { OAuthState, StateFile } from './state-file.ts';

/** The newest tokens that have grown from a login. */
export type Tokens = Pick<Login, 'refreshToken' | 'accessToken' | 'expiresAtMs'> | OAuthState;

/** How tokens are kept. */
export interface KeptTokensOptions {
  readonly provider: OAuthProvider;
  /** Undefined: they end with the proxy. */
  readonly stateFile: StateFile | undefined;
  /** Told of a fault once, until it is over or another one comes. */
  readonly complain: (detail: string) => void;
}

/** The newest tokens of a login, as they outlive the proxy and as other proxies with the same state file see them. */
export class KeptTokens {
  readonly #options: KeptTokensOptions;
  #complaint: string | undefined;

  constructor(options: KeptTokensOptions) {
    this.#options = options;
  }

  /**
   * What was kept for a login; undefined when nothing was. A string says why that cannot be known: the refresh token of the
   * login itself must not be used then, as it may have been used up long ago, and to show it again may end the login altogether.
   */
  async read(fingerprint: string): Promise<Tokens | string | undefined> {
    const { provider, stateFile } = this.#options;
    if (stateFile === undefined || !provider.rotates) return undefined;
    let state: OAuthState | string | undefined;
    try {
      state = await stateFile.read();
    } catch (error) {
      return this.#complain(`the tokens that were kept cannot be used: ${whyOf(error)} (${stateFile.path})`);
    }
    if (typeof state !== 'string') return state?.login === fingerprint ? state : undefined;
    // Such as that of the established image; it does not say from which login it grew.
    const foreign = provider.keepsLogins ? provider.readLogin(state) : undefined;
    if (foreign !== undefined) return foreign;
    const path = stateFile.path;
    return this.#complain(
      `${path} holds something other than kept tokens; remove it to begin with the login again`,
    );
  }

  /**
   * Keeps tokens. When they cannot be, that costs a login after the next restart, not the request at hand.
   *
   * @returns whether they are kept.
   */
  async save(state: OAuthState): Promise<boolean> {
    const { stateFile } = this.#options;
    if (stateFile === undefined) return false;
    try {
      await stateFile.write(state);
      this.#complaint = undefined;
      return true;
    } catch (error) {
      this.#complain(`the tokens cannot be kept: ${whyOf(error)} (${stateFile.path})`);
      return false;
    }
  }

  #complain(detail: string): string {
    if (this.#complaint !== detail) this.#options.complain(detail);
    this.#complaint = detail;
    return detail;
  }
}

function whyOf(error: unknown): string {
  return error instanceof PaudeError ? error.why : 'reading or writing failed unexpectedly';
}
