import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { EngineContext } from '../engine/context.ts';
import type { HttpParty } from '../forward/http-connection.ts';
import { HttpServer } from '../forward/http-server.ts';
import { Http1ClientSide } from './http1-client-side.ts';
import { readHttp1Head } from './http1-head.ts';
import { Http1UpgradeSide } from './http1-upgrade-side.ts';
import type { InterceptedTunnel } from './intercepted-tunnel.ts';
import { Turns } from './turns.ts';

interface InterceptedParty extends HttpParty {
  readonly tunnel: InterceptedTunnel;
  readonly secure: TLSSocket;
  readonly turns: Turns;
}

/** HTTP/1.1 in intercepted tunnels: one server for all, to which their sockets are handed. */
export class InterceptedHttp1 {
  readonly #discardMs: number;
  readonly #server: HttpServer<InterceptedParty>;

  constructor(context: EngineContext) {
    this.#discardMs = context.timeouts.headMs;
    this.#server = new HttpServer<InterceptedParty>(context, {
      record: (party, method) => {
        if (party === undefined) throw new Error('a socket that was not handed over');
        return party.tunnel.record(method);
      },
      serve: (party, request, response) => this.#serve(party, request, response),
      upgrade: (party, request, early) => this.#upgrade(party, request, early),
    });
  }

  take(tunnel: InterceptedTunnel, secure: TLSSocket): void {
    this.#server.take({ tunnel, secure, turns: new Turns(secure) }, secure);
  }

  stop(): void {
    this.#server.stop();
  }

  async #serve(party: InterceptedParty, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { turns, secure } = party;
    const turn = turns.take();
    if (turn !== undefined) await turn;
    // While it waited the client may have gone, or the rest of the request may have been refused as malformed.
    if (secure.destroyed || response.headersSent) return turns.next();
    response.once('close', () => turns.next());
    const { head, fault } = readHttp1Head(request, party.tunnel.target);
    const side = new Http1ClientSide(request, response, { head, discardMs: this.#discardMs });
    const exchange = party.tunnel.exchange(side);
    const { reading } = party;
    if (reading?.request === request) {
      reading.onMalformed = (reason, detail) => {
        response.shouldKeepAlive = false;
        exchange.refuse(reason, detail ?? 'its body');
      };
    }
    return fault === undefined ? exchange.run() : exchange.refuse(fault.reason, fault.detail);
  }

  async #upgrade(party: InterceptedParty, request: IncomingMessage, early: Buffer): Promise<void> {
    const { head, fault } = readHttp1Head(request, party.tunnel.target);
    const options = { head, discardMs: this.#discardMs, socket: party.secure, early };
    const exchange = party.tunnel.exchange(new Http1UpgradeSide(request, options));
    return fault === undefined ? exchange.run() : exchange.refuse(fault.reason, fault.detail);
  }
}
