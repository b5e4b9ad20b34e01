import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dump } from 'js-yaml';
import type { OwnApiServer } from './api-server.ts';

/** A door in front of an API server that can be shut: what is in flight is cut, what comes is turned away. */
export interface ApiDoor extends AsyncDisposable {
  /** Text of a kubeconfig that leads through the door. */
  readonly kubeconfig: string;
  /** Paths with their queries, in the order in which they came. */
  readonly asked: readonly string[];
  /** Requests whose answer has not come to its end. */
  readonly inFlight: number;
  shut(): void;
  open(): void;
  /** Cuts what is in flight; what comes next is let in. */
  cut(): void;
}

export interface ApiDoorOptions {
  /** Called before a request goes on; it waits for it. */
  readonly before?: (path: string) => void | Promise<void>;
}

/** Without TLS on its own side: it is only for a client in this process. */
export async function apiDoor(server: OwnApiServer, options: ApiDoorOptions = {}): Promise<ApiDoor> {
  const asked: string[] = [];
  let isShut = false;
  let inFlight = 0;
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { url = '/', method, headers } = incoming;
    asked.push(url);
    inFlight++;
    outgoing.once('close', () => inFlight--);
    incoming.on('error', () => {});
    if (isShut) return void incoming.socket.destroy();
    await options.before?.(url);
    const onward = request(`${server.url}${url}`, { method, headers, ca: server.caPem, agent: false });
    onward.on('response', (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      outgoing.flushHeaders();
      response.on('error', () => outgoing.destroy());
      response.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  };
  const door = createServer((incoming, outgoing) => void pass(incoming, outgoing));
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const { port } = door.address() as AddressInfo;
  const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
  return {
    kubeconfig: dump({
      'current-context': 'door',
      clusters: [{ name: 'door', cluster }],
      users: [{ name: 'door', user: { token: server.adminToken } }],
      contexts: [{ name: 'door', context: { cluster: 'door', user: 'door' } }],
    }),
    asked,
    get inFlight() {
      return inFlight;
    },
    shut() {
      isShut = true;
      door.closeAllConnections();
    },
    open() {
      isShut = false;
    },
    cut: () => door.closeAllConnections(),
    async [Symbol.asyncDispose]() {
      door.closeAllConnections();
      await new Promise<void>((resolve) => door.close(() => resolve()));
    },
  };
}
