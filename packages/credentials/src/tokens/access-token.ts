/** A token that was got for a credential, and how long it lasts. */
export interface AccessToken {
  readonly value: string;
  /** Milliseconds since 1970; undefined when the endpoint did not say. */
  readonly expiresAtMs: number | undefined;
}

/** Why no token could be had. Its message is made of public parts only; there is never a cause. */
export class TokenFault extends Error {
  override readonly name = 'TokenFault';
  /** Trying again cannot help until the credential is replaced: the refresh token was revoked, the file is wrong. */
  readonly isPermanent: boolean;

  /** @param detail One clause without a full stop; never a secret, never what an endpoint wrote in free text. */
  constructor(detail: string, options: { readonly isPermanent?: boolean } = {}) {
    super(detail);
    this.isPermanent = options.isPermanent ?? false;
  }
}
