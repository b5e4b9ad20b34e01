import type { Socket } from 'node:net';
import type { ByteStream } from '../relay/byte-stream.ts';
import type { HandleStream } from '../relay/handle-stream.ts';
import type { Client } from './admission.ts';
import { type Member, PLACE, type Roster } from './roster.ts';

/** A client's connection, whichever object stands for it. */
export class Connection implements Member {
  /** Replaced when another object takes the connection over. */
  stream: HandleStream | Socket;
  readonly client: Client;
  [PLACE]: number | undefined;
  readonly #open: Roster<Connection>;

  /** @param open Where it stands for as long as it is open. */
  constructor(stream: HandleStream | Socket, client: Client, open: Roster<Connection>) {
    this.stream = stream;
    this.client = client;
    this.#open = open;
    open.add(this);
    client.connections++;
    const events: ByteStream = stream;
    events.once('close', this.onClosed);
    events.on('error', destroyThis);
  }

  /** Called once, when what stands for the connection last has closed. */
  readonly onClosed = (): void => {
    this.client.connections--;
    this.#open.delete(this);
  };
}

/** A listener without a closure: a closure would keep a replaced socket alive for as long as the connection. */
function destroyThis(this: HandleStream | Socket): void {
  this.destroy();
}
