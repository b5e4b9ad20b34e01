import net from 'node:net';
import { type Host, parseHost } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { deafOrigin } from '../../../../test/support/origins/deaf-origin.ts';
import { refusingPort } from '../../../../test/support/origins/refusing-port.ts';
import { tcpOrigin } from '../../../../test/support/origins/tcp-origin.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { type Attempt, Cancellation, type Connected, type DialOptions, dial } from './dial.ts';

/** `ADDRESS`, or `reason: detail`. */
function said(dialled: Connected<unknown, net.Socket>): string {
  return dialled.kind === 'connected' ? dialled.address : `${dialled.reason}: ${dialled.detail}`;
}

/** Dials and remembers every socket that was opened. */
async function run(
  addresses: readonly string[],
  port: number,
  options: Partial<DialOptions> = {},
): Promise<{
  result: string;
  opened: string[];
  sockets: net.Socket[];
  dialled: Connected<string, net.Socket>;
}> {
  const opened: string[] = [];
  const sockets: net.Socket[] = [];
  const open = (address: Host): Attempt<string, net.Socket> => {
    const socket = net.connect({ host: address, port, autoSelectFamily: false });
    opened.push(address);
    sockets.push(socket);
    return { stream: socket, sink: `sink of ${address}` };
  };
  const dialled = await dial(addresses.map(parseHost), port, open, { timeoutMs: 3000, ...options });
  untilTestEnds({
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
    },
  });
  return { result: said(dialled), opened, sockets, dialled };
}

describe('dial()', () => {
  it('connects to the first address, and opens no other', async () => {
    const origin = untilTestEnds(await tcpOrigin(() => undefined, { host: '127.0.0.2' }));
    const { result, opened, dialled } = await run(['127.0.0.2', '127.0.0.3'], origin.port);
    expect(result).toBe('127.0.0.2');
    expect(opened).toEqual(['127.0.0.2']);
    expect(dialled.kind === 'connected' && dialled.sink).toBe('sink of 127.0.0.2');
    await origin.connection(0);
  });

  it('goes on to the next address as soon as one refuses', async () => {
    const origin = untilTestEnds(await tcpOrigin(() => undefined, { host: '127.0.0.2' }));
    const { result, opened } = await run(['127.0.0.3', '127.0.0.4', '127.0.0.2'], origin.port);
    expect(result).toBe('127.0.0.2');
    expect(opened).toEqual(['127.0.0.3', '127.0.0.4', '127.0.0.2']);
  });

  it('goes on to the next family', async () => {
    const origin = untilTestEnds(await tcpOrigin(() => undefined));
    expect((await run(['::1', '127.0.0.1'], origin.port)).result).toBe('127.0.0.1');
  });

  it('does not wait for a deaf address, and drops it when another answers', async () => {
    const deaf = untilTestEnds(await deafOrigin({ host: '127.0.0.2' }));
    const origin = untilTestEnds(await tcpOrigin(() => undefined, { host: '127.0.0.3', port: deaf.port }));
    const { result, opened, sockets } = await run(['127.0.0.2', '127.0.0.3'], origin.port);
    expect(result).toBe('127.0.0.3');
    expect(opened).toEqual(['127.0.0.2', '127.0.0.3']);
    expect(sockets.map((socket) => socket.destroyed)).toEqual([true, false]);
  });

  it('fails with the last refusal when all refuse', async () => {
    const port = untilTestEnds(await refusingPort());
    const { result, opened } = await run(['127.0.0.1', '127.0.0.1'], port.port);
    expect(result).toBe('connect-refused: ECONNREFUSED');
    expect(opened).toHaveLength(2);
  });

  it('gives up after its time, for all addresses together, and leaves no socket open', async () => {
    const deaf = untilTestEnds(await deafOrigin());
    const { result, sockets } = await run(['127.0.0.1', '127.0.0.1'], deaf.port, { timeoutMs: 300 });
    expect(result).toBe('connect-timeout: after 300 ms');
    expect(sockets.map((socket) => socket.destroyed)).toEqual([true, true]);
  });

  it('waits for a deaf address when all others have refused', async () => {
    const deaf = untilTestEnds(await deafOrigin({ host: '127.0.0.2' }));
    const { result } = await run(['127.0.0.2', '127.0.0.3'], deaf.port, { timeoutMs: 400 });
    expect(result).toBe('connect-timeout: after 400 ms');
  });

  it('ends when it is told to, and then opens nothing more', async () => {
    const deaf = untilTestEnds(await deafOrigin());
    const gone = new Cancellation();
    const running = run(['127.0.0.1', '127.0.0.1'], deaf.port, { cancellation: gone });
    gone.cancel();
    gone.cancel();
    const { result, opened, sockets } = await running;
    expect(result).toBe('connect-failed: the client went away');
    expect(opened).toHaveLength(1);
    expect(sockets[0]?.destroyed).toBe(true);
  });

  it('opens nothing at all when it was told to end before', async () => {
    const gone = new Cancellation();
    gone.cancel();
    const { result, opened } = await run(['127.0.0.1'], 9, { cancellation: gone });
    expect(result).toBe('connect-failed: the client went away');
    expect(opened).toEqual([]);
  });

  it('fails at once without an address', async () => {
    expect((await run([], 9)).result).toBe('connect-failed: no address');
  });

  it.each([
    ['ECONNREFUSED', 'connect-refused'],
    ['ENETUNREACH', 'connect-unreachable'],
    ['EHOSTUNREACH', 'connect-unreachable'],
    ['EADDRNOTAVAIL', 'connect-unreachable'],
    ['ETIMEDOUT', 'connect-timeout'],
    ['EMFILE', 'descriptor-limit'],
    ['ENFILE', 'descriptor-limit'],
    ['ECONNRESET', 'connect-failed'],
    ['EPERM', 'connect-failed'],
  ])('translates %s to %s', async (code, reason) => {
    const open = (): Attempt<undefined, net.Socket> => {
      const socket = new net.Socket();
      process.nextTick(() => socket.destroy(Object.assign(new Error(code), { code })));
      return { stream: socket, sink: undefined };
    };
    const dialled = await dial([parseHost('127.0.0.1')], 9, open, { timeoutMs: 1000 });
    expect(said(dialled)).toBe(`${reason}: ${code}`);
  });
});
