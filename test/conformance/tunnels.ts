import { expect } from 'vitest';
import { componentTests } from '../support/components.ts';
import { eventually, within } from '../support/deadline.ts';
import { type ConnectionRecord, type TcpOrigin, tcpOrigin } from '../support/origins.ts';
import { connectThrough } from '../support/proxy-client.ts';
import type { LogEvent } from '../support/proxy-log.ts';
import type { ProxyProcessOptions } from '../support/proxy-process.ts';
import type { RawConnection } from '../support/raw-client.ts';
import { type Arena, openArena } from './arena.ts';

/** Names under it are allowed with every port, and lead to the lab's origins. */
export const LAB = 'lab.example';

/** A proxy with origins that hear everything and say nothing: one on port 443, one elsewhere. */
export interface TlsLab extends AsyncDisposable {
  readonly arena: Arena;
  readonly address: string;
  readonly secure: TcpOrigin;
  readonly other: TcpOrigin;
  /** A tunnel to a host of its own, so that the audit log has its events alone. */
  open(port: number, host?: string): Promise<LabTunnel>;
}

/** An open tunnel and what its origin got. */
export interface LabTunnel extends AsyncDisposable {
  readonly host: string;
  readonly connection: RawConnection;
  readonly record: ConnectionRecord;
  closed(): Promise<LogEvent>;
}

/** For tests with a target on port 443, which not every user may listen on. */
export const on443 = componentTests((await mayListenOn443()) ? [] : ['right to listen on port 443']);

async function mayListenOn443(): Promise<boolean> {
  const origin = await tcpOrigin(() => undefined, { host: loopbackAddress(), port: 443 }).catch(
    () => undefined,
  );
  await origin?.close();
  return origin !== undefined;
}

/** A loopback address that nobody else is likely to use at the moment. */
function loopbackAddress(): string {
  const byte = () => 1 + Math.floor(Math.random() * 250);
  return `127.${1 + (process.pid % 250)}.${byte()}.${byte()}`;
}

/** 443 is what the checks are about, so the lab listens there where it may, on a loopback address of its own. */
export async function openTlsLab(rules = '', process: ProxyProcessOptions = {}): Promise<TlsLab> {
  await using stack = new AsyncDisposableStack();
  const address = loopbackAddress();
  const port = on443.present ? 443 : 0;
  const secure = stack.use(await tcpOrigin(() => undefined, { host: address, port }));
  const other = stack.use(await tcpOrigin(() => undefined, { host: address }));
  const arena = stack.use(
    await openArena({
      rules: `- { allow: .${LAB}, ports: "*" }\n- { allow: ${address}, ports: "*" }\n${rules}`,
      allowPrivate: [`${address}/32`],
      process,
    }),
  );
  const moved = stack.move();
  let count = 0;
  return {
    arena,
    address,
    secure,
    other,
    async open(port, host = `t${++count}.${LAB}`) {
      arena.dns.set(host, { a: [address] });
      const origin = port === 443 ? secure : other;
      const before = origin.connections.length;
      const opened = arena.audit.events({ event: 'decision' }).length;
      const { status, connection } = await connectThrough(arena.proxy, `${host}:${port}`);
      expect(status).toBe(200);
      const record = await origin.connection(before);
      const { id } = await eventually(
        'the decision',
        () => arena.audit.events({ event: 'decision' })[opened],
      );
      return {
        host,
        connection,
        record,
        closed: () => arena.audit.waitFor({ event: 'close', id }),
        [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
      };
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

/** Sends pieces through a tunnel; expects an alert, an end, the reason in the audit log, and that the origin got nothing. */
export async function expectCut(
  tunnel: LabTunnel,
  pieces: readonly Uint8Array[],
  expected: { readonly reason: string; readonly passed?: Uint8Array },
): Promise<LogEvent> {
  await tunnel.connection.send(pieces);
  const alert = expected.reason === 'sni-mismatch' ? 112 : 49;
  const answer = await tunnel.connection.readToEnd();
  expect([...answer]).toEqual([21, 3, 3, 0, 2, 2, alert]);
  tunnel.connection.end();
  const event = await tunnel.closed();
  expect(event).toMatchObject({ decision: 'deny', reason: expected.reason, status: 200, bytesDown: 0 });
  await within(tunnel.record.finished, 'the target to be let go');
  const passed = Buffer.from(expected.passed ?? []);
  expect(tunnel.record.received.equals(passed)).toBe(true);
  expect(event.bytesUp).toBe(passed.length);
  return event;
}

/** Sends pieces through a tunnel; expects that they reach the origin as they are. */
export async function expectPassed(tunnel: LabTunnel, pieces: readonly Uint8Array[]): Promise<void> {
  const whole = Buffer.concat(pieces);
  await tunnel.connection.send(pieces);
  await eventually('the bytes at the origin', () => tunnel.record.byteCount >= whole.length);
  expect(tunnel.record.received.equals(whole)).toBe(true);
  expect(tunnel.connection.ending).toBe('open');
}
