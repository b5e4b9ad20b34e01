import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { compile, parseCidr, parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../../../test/support/deadline.ts';
import { echoOrigin, httpOrigin, type Origin, textHandler } from '../../../../test/support/origins.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { DEFAULTS } from '../config/config.ts';
import { nodeHandles } from '../relay/node-handles.ts';
import { handleTransport, socketTransport, type Transport } from '../relay/transport.ts';
import type { AuditEvent } from '../report/audit.ts';
import { Engine } from './engine.ts';

const node = nodeHandles(process);
if (node === undefined) throw new Error('The tests need the Node whose handles are known');

interface Running {
  readonly engine: Engine;
  /** Where it listens: a Unix socket. */
  readonly path: string;
  readonly events: AuditEvent[];
  readonly defects: unknown[];
}

/** An engine on a Unix socket that allows 127.0.0.1. */
async function running(
  transport: Transport,
  onEvent: (event: AuditEvent) => void = () => undefined,
): Promise<Running> {
  const { timeouts, limits, clientLimits } = DEFAULTS;
  const defects: unknown[] = [];
  const engine = new Engine({
    policy: compile(parseWords(['127.0.0.1:*'])),
    log: { info: () => undefined, warn: () => undefined },
    timeouts,
    limits: { ...limits, maxTunnels: 100 },
    admission: { limits: clientLimits },
    allowPrivate: [parseCidr('127.0.0.0/8')],
    transport,
    onDefect: (error) => defects.push(error),
  });
  const events: AuditEvent[] = [];
  engine.audit.subscribe((event) => events.push(event));
  engine.audit.subscribe(onEvent);
  const directory = untilTestEnds(await temporaryDirectory('engine'));
  const path = await engine.listen({ path: join(directory.path, 'proxy.sock') });
  untilTestEnds({
    async [Symbol.asyncDispose]() {
      await engine.close(0);
    },
  });
  return { engine, path, events, defects };
}

/** Connects to the engine, says `text`, and keeps what comes back. */
async function ask(path: string, text: string): Promise<{ socket: net.Socket; heard: () => string }> {
  const socket = net.connect({ path, allowHalfOpen: true });
  let heard = '';
  socket.setEncoding('latin1').on('data', (piece) => {
    heard += piece;
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(text);
  untilTestEnds({
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  });
  return { socket, heard: () => heard };
}

const connectTo = ({ authority }: Origin) => `CONNECT ${authority} HTTP/1.1\r\nHost: a\r\n\r\n`;

describe.each([handleTransport(node), socketTransport])(
  'an engine on a Unix socket and $name',
  (transport) => {
    it('carries tunnels, and cuts what a new allowlist denies', async () => {
      const origin = untilTestEnds(await echoOrigin());
      const { engine, path, events } = await running(transport);
      const { socket, heard } = await ask(path, connectTo(origin));
      await eventually('the answer', () => heard().includes(' 200 '));
      socket.write('echo me');
      await eventually('the echo', () => heard().endsWith('echo me'));
      expect(engine.setPolicy(compile(parseWords([])))).toBe(1);
      await eventually('the close event', () => events.at(-1)?.event === 'close');
      expect(events.at(-1)).toMatchObject({
        client: 'unix',
        reason: 'policy-changed',
        bytesUp: 7,
        bytesDown: 7,
      });
      expect(engine.openCount).toBe(0);
    });

    it('serves plain HTTP, and a CONNECT after it on the same connection', async () => {
      const [origin, echo] = [
        untilTestEnds(await httpOrigin(textHandler('hello'))),
        untilTestEnds(await echoOrigin()),
      ];
      const { path } = await running(transport);
      const { socket, heard } = await ask(
        path,
        `GET http://${origin.authority}/ HTTP/1.1\r\nHost: a\r\n\r\n`,
      );
      await eventually('the whole answer', () => /\bhello\r\n0\r\n\r\n$/.test(heard()));
      socket.write(connectTo(echo));
      await eventually('the tunnel', () => heard().includes('Connection established'));
      socket.write('echo me');
      await eventually('the echo', () => heard().endsWith('echo me'));
    });

    it('ends the connection whose code meets a defect, and goes on', async () => {
      const origin = untilTestEnds(await echoOrigin());
      let isFaulty = true;
      const defect = new Error('a defect');
      const { engine, path, defects } = await running(transport, () => {
        if (isFaulty) throw defect;
      });
      const { socket } = await ask(path, connectTo(origin));
      socket.resume();
      await once(socket, 'end');
      expect(defects).toEqual([defect]);
      isFaulty = false;
      const { heard } = await ask(path, connectTo(origin));
      await eventually('the answer', () => heard().includes(' 200 '));
      expect(engine.openCount).toBe(1);
    });
  },
);
