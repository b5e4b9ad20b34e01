import type { RequestHead } from '../request/request-head.ts';

/** Why a request does not go on. Stable: the audit log, tests and denial texts carry it. */
export type RefusalReason =
  /** What the client put in the place of the credential is not the stub: perhaps a real key that leaked. */
  | 'stub-required'
  /** There is no value to inject: the variable or file is empty or unusable, or no access token could be had. */
  | 'credential-unavailable'
  /** The injector must see the whole body first, and was not given it. */
  | 'body-required'
  /** The body is signed piece by piece by the client, which the proxy cannot do again. */
  | 'payload-unsupported'
  /** The path can be read in several ways, and the host has routes for some paths only. */
  | 'path-ambiguous'
  /** An endpoint that hands out real credentials, such as one that signs for a service account. */
  | 'endpoint-closed';

/** What became of a request: the head that goes on, or why it does not. */
export type Injection = Injected | InjectionRefused;

/** A request that goes on with the real credential. Shown without it by `util.inspect` and `JSON.stringify`. */
export interface Injected {
  readonly kind: 'injected';
  readonly head: RequestHead;
  /** The strings in the head that are secret, in every spelling that stands there: what to scrub from the response. */
  readonly secrets: readonly string[];
  /** Which value was injected: for `refreshAfter`. */
  readonly generation: number;
}

/** A request that does not go on. */
export interface InjectionRefused {
  readonly kind: 'refused';
  readonly reason: RefusalReason;
  /** One clause for the audit log and the client, without a full stop; never a secret. */
  readonly detail: string;
}

/** Puts one credential on requests. */
export interface Injector {
  /** As in the `type` of a route: `bearer`, `aws-sigv4`, … */
  readonly type: string;
  /** Where it puts the value, in words: `header x-api-key`. */
  readonly place: string;
  /** Whether `refreshAfter` can bring a fresh value: it pays to keep the request for a second try. */
  readonly refreshable: boolean;
  /** Whether `inject` must be given the whole body of this request. */
  needsBody(head: RequestHead): boolean;
  /**
   * Replaces what the client put in the credential's place. A request that carries nothing there is injected, too: git,
   * for one, sends nothing until it is asked to. Answers at once where the value is at hand. Never rejects.
   */
  inject(head: RequestHead, body?: Uint8Array): Injection | Promise<Injection>;
  /**
   * To be called when the service answered 401 to an injection of this generation. Resolves true when there is a newer
   * value to try once more. Of any number of calls for one generation at most one asks for a fresh value. Never rejects.
   */
  refreshAfter(generation: number): Promise<boolean>;
}

/** The refusal as a value. */
export function refuse(reason: RefusalReason, detail: string): InjectionRefused {
  return { kind: 'refused', reason, detail };
}
