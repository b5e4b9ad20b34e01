import type { Socket } from 'node:net';
import type { Client } from './admission.ts';

/** A client's connection, whichever socket object stands for it. */
export class Connection {
  /** Replaced when another socket object takes the connection over. */
  socket: Socket;
  readonly client: Client;
  readonly #open: Set<Connection>;

  /** @param open Where it stands for as long as it is open. */
  constructor(socket: Socket, client: Client, open: Set<Connection>) {
    this.socket = socket;
    this.client = client;
    this.#open = open;
    open.add(this);
    client.connections++;
    socket.once('close', this.onClosed);
    socket.on('error', destroyThis);
  }

  /** Called once, when the socket that stands for the connection last has closed. */
  readonly onClosed = (): void => {
    this.client.connections--;
    this.#open.delete(this);
  };
}

/** A listener without a closure: a closure would keep a replaced socket alive for as long as the connection. */
function destroyThis(this: Socket): void {
  this.destroy();
}
