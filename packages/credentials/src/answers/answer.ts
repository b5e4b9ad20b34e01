import type { RefusalReason } from '../injectors/injector.ts';
import type { Field, RequestHead } from '../request/request-head.ts';

/** The largest body of a request that the proxy answers itself; what is larger is refused. */
export const MAX_ANSWERED_BYTES = 65_536;

/** A response that the proxy gives itself: nothing was forwarded. */
export interface Answer {
  /** `vended`: a stub token; `metadata`: from the metadata-server stand-in; `refused`: see `reason`. */
  readonly kind: 'vended' | 'metadata' | 'refused';
  /** The route on whose behalf. */
  readonly route: string;
  /** Why it was refused, for the audit log. */
  readonly reason?: RefusalReason;
  /** One clause about the refusal, without a full stop; never a secret. */
  readonly detail?: string;
  readonly status: number;
  /** Content-Type and what else belongs to it; Content-Length is left to whoever sends it. */
  readonly fields: readonly Field[];
  readonly body: string;
}

/** Answers requests to some hosts in place of them. */
export interface Answerer {
  /** Whether this request is one to answer; its body is then wanted, up to `MAX_ANSWERED_BYTES`. */
  mayAnswer(head: RequestHead): boolean;
  /** Undefined: to be forwarded after all. */
  answer(head: RequestHead, body: Uint8Array): Answer | undefined;
}

const NO_STORE: readonly Field[] = [
  ['content-type', 'application/json; charset=utf-8'],
  ['cache-control', 'no-store'],
  ['pragma', 'no-cache'],
];

/** A stub token or the like, as JSON. */
export function jsonAnswer(kind: 'vended' | 'metadata', route: string, value: object): Answer {
  return { kind, route, status: 200, fields: NO_STORE, body: `${JSON.stringify(value)}\n` };
}

/** A refusal in the shape of an OAuth error (RFC 6749 section 5.2), which token clients show to people. */
export function refusedAnswer(
  route: string,
  reason: RefusalReason,
  detail: string,
  { status = 400, error = 'invalid_grant' }: { readonly status?: number; readonly error?: string } = {},
): Answer {
  const body = { error, error_description: `Refused by the egress proxy (${reason}): ${detail}.` };
  return {
    kind: 'refused',
    route,
    reason,
    detail,
    status,
    fields: NO_STORE,
    body: `${JSON.stringify(body)}\n`,
  };
}
