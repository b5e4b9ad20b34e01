import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../../../test/support/deadline.ts';
import { nodeHandles } from '../relay/node-handles.ts';
import { handleTransport, socketTransport, type Transport } from '../relay/transport.ts';
import { Client } from './admission.ts';
import { Connection } from './connection.ts';
import { FirstRequest } from './first-request.ts';
import { Roster } from './roster.ts';

const node = nodeHandles(process);
if (node === undefined) throw new Error('The tests need the Node whose handles are known');
const HEAD = 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n';

/** A client's connection, what has been said of its first request, and the request once it is ready. */
async function connect(transport: Transport) {
  const said: string[] = [];
  const ready: FirstRequest[] = [];
  const server = net.createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connections: Connection[] = [];
  transport.accept(server, (stream) => {
    const connection = new Connection(stream, new Client('127.0.0.1', true, 1, 0), new Roster());
    connections.push(connection);
    new FirstRequest(connection, 1000, {
      onReady: (request) => ready.push(request),
      onDone: (_request, bytes) => {
        if (bytes?.kind === 'connect') said.push(`${bytes.head.authority} then "${bytes.early}"`);
        else said.push(bytes?.kind ?? 'nothing');
      },
    });
  });
  const client = net.connect({
    port: (server.address() as net.AddressInfo).port,
    host: '127.0.0.1',
    allowHalfOpen: true,
  });
  client.on('error', () => undefined);
  onTestFinished(() => {
    client.destroy();
    for (const { stream } of connections) stream.destroy();
    server.close();
  });
  return { client, said, ready };
}

describe.each([handleTransport(node), socketTransport])('a first request on $name', (transport) => {
  it('waits when it is a whole CONNECT, with what came behind it, until it is served', async () => {
    const { client, said, ready } = await connect(transport);
    client.write(HEAD.slice(0, 20));
    await sleep(20);
    expect(ready).toHaveLength(0);
    client.write(`${HEAD.slice(20)}early`);
    await eventually('the head', () => ready.length === 1);
    await sleep(20);
    expect(said).toEqual([]);
    ready[0]?.serve();
    ready[0]?.serve();
    expect(said).toEqual(['a.example:443 then "early"']);
  });

  it('waits no longer when more comes, and loses none of it', async () => {
    const { client, said, ready } = await connect(transport);
    client.write(`${HEAD}early`);
    await eventually('the head', () => ready.length === 1);
    client.write(', then more');
    await eventually('the request', () => said.length > 0);
    ready[0]?.serve();
    expect(said).toEqual(['a.example:443 then "early, then more"']);
  });

  it.each<readonly [string, (client: net.Socket) => void]>([
    ['says its last word', (client) => client.end()],
    ['resets its connection', (client) => client.resetAndDestroy()],
  ])('is handed on, and not forgotten, when its client %s while it waits', async (_what, leave) => {
    const { client, said, ready } = await connect(transport);
    client.write(HEAD);
    await eventually('the head', () => ready.length === 1);
    leave(client);
    await eventually('the request', () => said.length > 0);
    ready[0]?.serve();
    await sleep(20);
    expect(said).toEqual(['a.example:443 then ""']);
  });

  it('is nothing when the client leaves before it is whole, and does not wait when it is no CONNECT', async () => {
    const leaving = await connect(transport);
    leaving.client.end(HEAD.slice(0, 20));
    await eventually('the end', () => leaving.said.length > 0);
    expect([leaving.said, leaving.ready]).toEqual([['nothing'], []]);
    const other = await connect(transport);
    other.client.write('GET http://a.example/ HTTP/1.1\r\n');
    await eventually('the request', () => other.said.length > 0);
    expect([other.said, other.ready]).toEqual([['other'], []]);
  });
});
