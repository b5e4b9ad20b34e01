import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import { expect } from 'vitest';
import { WebSocketServer } from 'ws';
import { certificateFor } from '../support/certificates.ts';
import { listening } from '../support/origins/tcp-origin.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { atHttpsPort, credentialLab, STUB, withOrigins } from './lab.ts';
import { runProgram } from './programs.ts';

const HOST = 'api.openai.com';
const KEY = 'sk-real-0123456789/abcdefghijklmnop';

/** A WebSocket service that sends back what it gets, and says how each connection was closed. */
async function echoService() {
  const upgrades: IncomingHttpHeaders[] = [];
  const closes: string[] = [];
  const { keyPem, certPem } = await certificateFor([HOST]);
  const origin = await atHttpsPort(async (place) => {
    const server = createServer(
      { key: keyPem, cert: certPem },
      (_request, response) => void response.writeHead(426).end(),
    );
    const sockets = new WebSocketServer({ server });
    // It repeats the errors of the server that it is given.
    sockets.on('error', () => undefined);
    sockets.on('connection', (socket, { headers }) => {
      upgrades.push(headers);
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
      socket.on('close', (code, reason) => closes.push(`${code} ${reason}`));
    });
    return listening(server, place, () => {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
    });
  });
  return { origin: untilTestEnds(origin), upgrades, closes };
}

withOrigins().test(
  'WebSockets open with a stub, and carry texts and bytes both ways until they are closed',
  async () => {
    const { origin, upgrades, closes } = await echoService();
    const lab = untilTestEnds(
      await credentialLab({ origins: { [HOST]: origin }, secrets: { OPENAI_API_KEY: KEY } }),
    );
    const url = `wss://${HOST}/v1/realtime?model=test-model`;
    const { code, stdout, stderr } = await runProgram(lab.session, 'web-socket', [url, STUB]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      ...['ws realtime', 'ws text one', 'ws text two', 'ws bytes 00ff01', 'ws 4001 enough'],
      ...['own 3 one', 'own 300000 xxx', 'own 4002 enough', ''],
    ]);
    expect(closes).toEqual(['4001 enough', '4002 enough']);
    expect(upgrades).toHaveLength(2);
    for (const { authorization } of upgrades) expect(authorization).toBe(`Bearer ${KEY}`);
    const closed = await lab.proxy.waitForEvent({ event: 'close', method: 'GET', status: 101 });
    expect(closed).toMatchObject({ route: 'openai', reason: 'finished' });
  },
);
