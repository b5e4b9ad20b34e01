import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientHello } from '../support/client-hello.ts';
import { eventually, within } from '../support/deadline.ts';
import {
  answersAfterFinOrigin,
  bannerOrigin,
  echoOrigin,
  finsFirstOrigin,
  type Origin,
  silentOrigin,
  tcpOrigin,
} from '../support/origins.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { PROXY_WITHOUT_INTERNALS, type ProxyProcessOptions } from '../support/proxy-process.ts';
import { type RawConnection, rawConnect } from '../support/raw-client.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type Arena, openArena } from './arena.ts';
import { expectCut, LAB, on443, openTlsLab, type TlsLab } from './tunnels.ts';

const HOST = `host.${LAB}`;
/** What tunnels run on: Node's own handles, and sockets of `net` where those are not known. */
const TRANSPORTS: readonly { readonly name: string; readonly process: ProxyProcessOptions }[] = [
  { name: 'handles', process: {} },
  { name: 'sockets', process: { program: PROXY_WITHOUT_INTERNALS } },
];

describe.each(TRANSPORTS)('tunnels on $name', ({ name, process }) => {
  let arena: Arena;
  beforeAll(async () => {
    arena = await openArena({
      words: [`.${LAB}:*`],
      allowPrivate: ['127.0.0.1/32'],
      zone: { [HOST]: { a: ['127.0.0.1'] } },
      process,
    });
  });
  afterAll(() => arena[Symbol.asyncDispose]());

  it(`are on ${name}`, () => {
    expect(arena.proxy.events({ warning: 'plain-sockets' })).toHaveLength(name === 'sockets' ? 1 : 0);
  });

  const tunnelTo = async (origin: Origin): Promise<RawConnection> =>
    untilTestEnds((await connectThrough(arena.proxy, `${HOST}:${origin.port}`)).connection);
  const closeOf = (port: number) => arena.audit.waitFor({ event: 'close', host: HOST, port });

  describe('half-closed tunnels', () => {
    it('the client’s FIN goes through, and the answer comes back', async () => {
      const origin = untilTestEnds(await answersAfterFinOrigin());
      const connection = await tunnelTo(origin);
      await connection.send('four');
      connection.end();
      expect((await connection.readToEnd()).toString()).toBe('got 4\n');
      expect(connection.ending).toBe('fin');
      expect(await closeOf(origin.port)).toMatchObject({ reason: 'client-closed', bytesUp: 4, bytesDown: 6 });
    });

    it('the target’s FIN goes through, and the client may go on speaking', async () => {
      const origin = untilTestEnds(await finsFirstOrigin());
      const connection = await tunnelTo(origin);
      expect((await connection.readToEnd()).toString()).toBe('bye\n');
      await connection.send(['still ', 'here']);
      const record = await origin.connection();
      await eventually('the words at the target', () => record.received.toString() === 'still here');
      expect(record.sawFin).toBe(false);
      connection.end();
      await within(record.finished, 'the client’s FIN');
      expect(await closeOf(origin.port)).toMatchObject({ reason: 'target-closed', bytesUp: 10 });
    });

    it('a FIN that comes with the CONNECT itself is not lost', async () => {
      const origin = untilTestEnds(await answersAfterFinOrigin());
      await using connection = await rawConnect(arena.proxy);
      await connection.send(`CONNECT ${HOST}:${origin.port} HTTP/1.1\r\nHost: a\r\n\r\nfour`);
      connection.end();
      expect((await connection.readHead()).startLine).toContain(' 200 ');
      expect((await connection.readToEnd()).toString()).toBe('got 4\n');
    });

    it('a reset goes through as a reset, both ways', async () => {
      const silent = untilTestEnds(await silentOrigin());
      const connection = await tunnelTo(silent);
      const record = await silent.connection();
      connection.reset();
      await within(record.closed, 'the reset at the target');
      expect(record.errorCode).toBe('ECONNRESET');
      const resetting = untilTestEnds(
        await tcpOrigin((socket) => socket.once('data', () => socket.resetAndDestroy())),
      );
      const other = await tunnelTo(resetting);
      await other.send('x');
      await other.readToEnd();
      expect(other.ending).toBe('ECONNRESET');
    });
  });

  describe('a server that speaks first', () => {
    it('is not held up', async () => {
      const origin = untilTestEnds(await bannerOrigin('220 ready\r\n'));
      const connection = await tunnelTo(origin);
      expect(await connection.readUntil('\r\n')).toBe('220 ready\r\n');
      await connection.send('EHLO x\r\n');
      expect(await connection.readUntil('\r\n')).toBe('EHLO x\r\n');
    });

    it('does not keep a ClientHello that comes then from being checked', async () => {
      const origin = untilTestEnds(await bannerOrigin('220 ready\r\n'));
      const connection = await tunnelTo(origin);
      await connection.readUntil('\r\n');
      await connection.send(clientHello({ serverNames: ['evil.example'] }));
      expect([...(await connection.readToEnd())]).toEqual([21, 3, 3, 0, 2, 2, 112]);
      expect(origin.connections[0]?.byteCount).toBe(0);
    });
  });

  describe('what is sent before the 200', () => {
    const early = (origin: Origin, bytes: Buffer) => [
      Buffer.concat([Buffer.from(`CONNECT ${HOST}:${origin.port} HTTP/1.1\r\nHost: a\r\n\r\n`), bytes]),
    ];

    it('reaches the target whole, in order, behind nothing else', async () => {
      const origin = untilTestEnds(await echoOrigin());
      await using connection = await rawConnect(arena.proxy);
      const bytes = Buffer.alloc(300_000, 'early bytes ');
      await connection.send([...early(origin, bytes.subarray(0, 100)), bytes.subarray(100)]);
      expect((await connection.readHead()).startLine).toContain(' 200 ');
      expect((await connection.readBytes(bytes.length)).equals(bytes)).toBe(true);
    });

    it('is checked as what comes later is', async () => {
      const origin = untilTestEnds(await silentOrigin());
      await using connection = await rawConnect(arena.proxy);
      await connection.send(early(origin, clientHello({ serverNames: ['evil.example'] })));
      expect((await connection.readHead()).startLine).toContain(' 200 ');
      expect([...(await connection.readToEnd())]).toEqual([21, 3, 3, 0, 2, 2, 112]);
      expect((await origin.connection()).byteCount).toBe(0);
    });

    it('goes nowhere when the CONNECT is refused, and is not the next request', async () => {
      const before = arena.audit.events({ event: 'decision' }).length;
      await using connection = await rawConnect(arena.proxy);
      const second = `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: a\r\n\r\n`;
      await connection.send(`CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n${second}`);
      const answer = (await connection.readToEnd()).toString();
      expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
      expect(answer).toContain('Reason: not-listed');
      const decisions = () => arena.audit.events({ event: 'decision' });
      await eventually('its decision', () => decisions().length > before);
      expect(decisions()).toHaveLength(before + 1);
    });
  });

  describe('a ClientHello that does not come', () => {
    let lab: TlsLab;
    let hasty: Arena;
    beforeAll(async () => {
      lab = await openTlsLab('', process);
      hasty = await openArena({
        words: [`.${LAB}:*`],
        allowPrivate: [`${lab.address}/32`],
        zone: { [HOST]: { a: [lab.address] } },
        flags: ['--handshake-timeout', '200ms'],
        process,
      });
    });
    afterAll(() => Promise.all([hasty[Symbol.asyncDispose](), lab[Symbol.asyncDispose]()]));

    on443.test('is waited for a while on 443, and then no longer', async () => {
      await using tunnel = await connectThrough(hasty.proxy, `${HOST}:443`);
      expect(tunnel.status).toBe(200);
      await tunnel.connection.readToEnd();
      expect(await hasty.audit.waitFor({ event: 'close', port: 443 })).toMatchObject({
        reason: 'client-hello-timeout',
        decision: 'deny',
      });
    });

    it('is waited for from its first byte on other ports, and never without one', async () => {
      const { port } = lab.other;
      await using quiet = await connectThrough(hasty.proxy, `${HOST}:${port}`);
      await using begun = await connectThrough(hasty.proxy, `${HOST}:${port}`);
      await begun.connection.send(clientHello({ serverNames: [HOST] }).subarray(0, 50));
      await begun.connection.readToEnd();
      expect(await hasty.audit.waitFor({ event: 'close', port })).toMatchObject({
        reason: 'client-hello-timeout',
      });
      expect(lab.other.connections.map(({ byteCount }) => byteCount)).toEqual([0, 0]);
      expect(quiet.connection.ending).toBe('open');
    });

    it('ends with the client’s FIN, and the target gets nothing of the half of it that came', async () => {
      await using tunnel = await lab.open(lab.other.port);
      await tunnel.connection.send(clientHello({ serverNames: [tunnel.host] }).subarray(0, 100));
      tunnel.connection.end();
      expect(await tunnel.closed()).toMatchObject({ reason: 'client-closed', bytesUp: 0 });
      await within(tunnel.record.finished, 'the target to be let go');
      expect(tunnel.record.byteCount).toBe(0);
    });

    it('is told apart from a refusal: that one is an alert and an end', async () => {
      await using tunnel = await lab.open(lab.other.port);
      await expectCut(tunnel, [clientHello({ serverNames: [] })], { reason: 'sni-missing' });
    });
  });
});
