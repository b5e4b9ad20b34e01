import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { compile, parseCidr, parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../../../test/support/deadline.ts';
import { httpOrigin, textHandler } from '../../../../test/support/origins.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { DEFAULTS } from '../config/config.ts';
import { nodeHandles } from '../relay/node-handles.ts';
import { handleTransport, socketTransport } from '../relay/transport.ts';
import type { AuditEvent } from '../report/audit.ts';
import { Engine } from './engine.ts';

const node = nodeHandles(process);
if (node === undefined) throw new Error('The tests need the Node whose handles are known');

/** Connects, sends and resets. In a process of its own, so that all of it happens before the proxy accepts. */
const SEND_AND_RESET = `
  const [port, text] = process.argv.slice(1);
  const socket = require('node:net').connect(Number(port), '127.0.0.1', () => {
    socket.write(text, () => socket.resetAndDestroy());
  });
`;

describe.each([handleTransport(node), socketTransport])('a listener on $name', (transport) => {
  it.each([
    ['GET', (authority: string) => `GET http://${authority}/ HTTP/1.1\r\nHost: ${authority}\r\n\r\n`],
    ['CONNECT', (authority: string) => `CONNECT ${authority} HTTP/1.1\r\nHost: a\r\n\r\nearly`],
  ])(
    'serves no %s of a client that reset its connection before it could be known',
    async (_method, asking) => {
      const origin = untilTestEnds(await httpOrigin(textHandler('inside')));
      const { timeouts, limits, clientLimits } = DEFAULTS;
      const events: AuditEvent[] = [];
      const engine = new Engine({
        policy: compile(parseWords(['127.0.0.1:*'])),
        log: { info: () => undefined, warn: () => undefined },
        timeouts,
        limits: { ...limits, maxTunnels: 100 },
        // Nobody may connect.
        admission: { limits: clientLimits, clients: [parseCidr('192.0.2.0/24')] },
        allowPrivate: [parseCidr('127.0.0.0/8')],
        transport,
        onDefect: (error) => expect.unreachable(String(error)),
      });
      untilTestEnds({
        async [Symbol.asyncDispose]() {
          await engine.close(0);
        },
      });
      engine.audit.subscribe((event) => events.push(event));
      const address = await engine.listen({ host: '127.0.0.1', port: 0 });
      const port = address.slice(address.lastIndexOf(':') + 1);
      const { status } = spawnSync(process.execPath, ['-e', SEND_AND_RESET, port, asking(origin.authority)]);
      expect(status).toBe(0);
      // A second one, refused for its address, so that all there is to see of the first has been seen.
      const late = net.connect(Number(port), '127.0.0.1').resume();
      await once(late, 'close', { signal: AbortSignal.timeout(5000) });
      expect(engine.counters.connections).toBe(2);
      expect(events.map(({ client, reason }) => [client, reason])).toEqual([
        ['127.0.0.1', 'client-not-allowed'],
      ]);
      expect(origin.requests).toEqual([]);
    },
  );

  it('leaves nothing open behind clients that ask and reset, whenever that is, and logs how each ended', async () => {
    const origin = untilTestEnds(await httpOrigin(textHandler('inside')));
    const { timeouts, limits, clientLimits } = DEFAULTS;
    const events: AuditEvent[] = [];
    const engine = new Engine({
      policy: compile(parseWords(['127.0.0.1:*'])),
      log: { info: () => undefined, warn: () => undefined },
      timeouts,
      limits: { ...limits, maxTunnels: 30 },
      admission: { limits: clientLimits },
      allowPrivate: [parseCidr('127.0.0.0/8')],
      transport,
      onDefect: (error) => expect.unreachable(String(error)),
    });
    untilTestEnds({
      async [Symbol.asyncDispose]() {
        await engine.close(0);
      },
    });
    engine.audit.subscribe((event) => events.push(event));
    const address = await engine.listen({ host: '127.0.0.1', port: 0 });
    const port = Number(address.slice(address.lastIndexOf(':') + 1));
    const head = `CONNECT ${origin.authority} HTTP/1.1\r\nHost: a\r\n\r\n`;
    // More than there are places, a few at a time, each reset some turns of the loop after it asked.
    for (let round = 0; round < 12; round++) {
      const clients = Array.from({ length: 6 }, () => net.connect(port, '127.0.0.1'));
      await Promise.all(
        clients.map(async (client, turns) => {
          client.on('error', () => undefined);
          await once(client, 'connect');
          client.write(head);
          for (let turn = 0; turn < turns; turn++) await new Promise((next) => setImmediate(next));
          client.resetAndDestroy();
        }),
      );
      await eventually('the end of all', () => {
        const closed = events.filter(({ event }) => event === 'close').length;
        return engine.openCount === 0 && closed === events.filter(({ event }) => event === 'decision').length;
      });
    }
    const reasons = new Set(events.map(({ event, reason }) => `${event}: ${reason}`));
    expect([...reasons].sort()).toEqual(['close: client-reset', 'decision: allowed-by-rule']);
  });
});
