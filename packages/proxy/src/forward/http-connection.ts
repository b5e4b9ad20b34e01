import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Connection } from '../engine/connection.ts';
import type { ReasonCode } from '../report/reasons.ts';
import type { TargetAgent } from './target-agent.ts';

export interface BodyReading {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Called when the body turns out not to be HTTP: nothing more can be read from the connection then. */
  onMalformed: (reason: ReasonCode, detail: string | undefined) => void;
}

/** Who speaks HTTP/1.1 over a connection. */
export interface HttpParty {
  /** True once a request on it could not be trusted to end where the parser takes it to end: what follows is not served. */
  distrusted?: boolean;
  /** The request whose body is being read; the parser reads one at a time. */
  reading?: BodyReading | undefined;
}

/** A client's connection while it speaks HTTP/1.1 with the proxy. */
export interface HttpConnection extends Connection, HttpParty {
  /** What stands for it as long as it speaks HTTP. */
  readonly socket: Socket;
  /** Its connections to targets: shared by its requests, never with another client. */
  readonly agent: TargetAgent;
}
