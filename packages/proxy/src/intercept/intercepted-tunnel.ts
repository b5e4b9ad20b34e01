import type { Target } from '../engine/target.ts';
import type { RequestRecord } from '../report/audit.ts';
import type { Exchange } from './exchange.ts';
import type { ClientSide } from './sides.ts';

/** What the protocols inside of an intercepted tunnel know of it. */
export interface InterceptedTunnel {
  readonly target: Target;
  /** The record of a new request inside of this tunnel. */
  record(method: string): RequestRecord;
  /** The exchange of a new request. */
  exchange(side: ClientSide): Exchange;
}
