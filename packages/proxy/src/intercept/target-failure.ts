import type { ReasonCode } from '../report/reasons.ts';

/** A connection to a target that could not be made, as an HTTP client reports it. */
export class TargetFailure extends Error {
  readonly reason: ReasonCode;

  constructor(reason: ReasonCode, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** Why an exchange with a target failed, from the error of Node's clients. */
export function targetFailure(error: NodeJS.ErrnoException): [ReasonCode, string] {
  if (error instanceof TargetFailure) return [error.reason, error.message];
  const { code = '' } = error;
  const malformed =
    code.startsWith('HPE_') || code === 'ERR_HTTP2_ERROR' || code.startsWith('ERR_HTTP2_INVALID');
  return [malformed ? 'target-protocol-error' : 'target-reset', code || error.message];
}
