import { expect } from 'vitest';
import {
  type RawAnswer,
  type RawHttpOrigin,
  type RawRequest,
  rawHttpOrigin,
  rawResponse,
} from '../support/origins.ts';
import { type RawConnection, type RawResponse, rawConnect } from '../support/raw-client.ts';
import { type Arena, type ArenaOptions, openArena, type Refusal, refusalOf } from './arena.ts';

/** The host of the lab's origin; `DENIED` exists too, and may not be reached. */
export const HOST = 'origin.lab.example';
export const DENIED = 'denied.lab.example';

/** A proxy in front of a plain HTTP origin that keeps every byte it gets. */
export interface PlainLab extends AsyncDisposable {
  readonly arena: Arena;
  readonly origin: RawHttpOrigin;
  /** `host:port` of the origin, as a client names it. */
  readonly authority: string;
  /** `http://host:port` */
  readonly url: string;
  /** What the origin answers from now on; without one the target of the request. */
  answer(answer?: RawAnswer): void;
  /**
   * Sends bytes on a connection of their own and reads as many responses. Then shows that nothing else came of them: a
   * connection that goes on answers one more request as if it were its first.
   */
  exchange(bytes: string | readonly string[], options?: ExchangeOptions): Promise<Exchange>;
}

/** How bytes are sent. */
export interface ExchangeOptions {
  /** How many responses they get. @default 1 */
  readonly responses?: number;
  /** Whether the connection has served another request before. @default false */
  readonly kept?: boolean;
}

/** Both sides of what was sent. */
export interface Exchange {
  readonly responses: readonly RawResponse[];
  /** What the origin saw of it, and nothing else. */
  readonly requests: readonly RawRequest[];
  /** Whether the proxy closed the connection after it. */
  readonly closed: boolean;
}

export async function openPlainLab(options: ArenaOptions = {}): Promise<PlainLab> {
  await using stack = new AsyncDisposableStack();
  const echo: RawAnswer = ({ target }) => rawResponse(target);
  let answer: RawAnswer = echo;
  const origin = stack.use(
    await rawHttpOrigin((request, socket) => {
      const current = request.target.startsWith('/sentinel') ? echo : answer;
      return typeof current === 'function' ? current(request, socket) : current;
    }),
  );
  const arena = stack.use(
    await openArena({
      words: [`${HOST}:*`],
      allowPrivate: ['127.0.0.0/8'],
      zone: { [HOST]: { a: ['127.0.0.1'] }, [DENIED]: { a: ['127.0.0.1'] } },
      ...options,
    }),
  );
  const moved = stack.move();
  const authority = `${HOST}:${origin.port}`;
  const url = `http://${authority}`;
  let sentinels = 0;
  const askAgain = async (connection: RawConnection) => {
    const path = `/sentinel${++sentinels}`;
    await connection.send(`GET ${url}${path} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    const sentinel = await connection.readResponse();
    expect(sentinel.body.toString()).toBe(path);
  };
  return {
    arena,
    origin,
    authority,
    url,
    answer: (next = echo) => {
      answer = next;
    },
    async exchange(bytes, { responses: count = 1, kept = false } = {}) {
      const before = origin.requests.length;
      await using connection = await rawConnect(arena.proxy);
      if (kept) await askAgain(connection);
      await connection.send(bytes);
      const responses: RawResponse[] = [];
      while (responses.length < count) responses.push(await connection.readResponse());
      const closed = responses.at(-1)?.head.get('connection')?.toLowerCase() === 'close';
      if (closed) {
        expect((await connection.readToEnd()).toString()).toBe('');
      } else {
        await askAgain(connection);
      }
      const requests = origin.requests.slice(before).filter(({ target }) => !target.startsWith('/sentinel'));
      return { responses, requests, closed };
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

/** The bytes of a request to the lab's origin: a head of these lines, its Host included, and a body. */
export function requestTo(
  lab: PlainLab,
  lines: readonly string[] = [],
  options: { readonly method?: string; readonly path?: string; readonly body?: string } = {},
): string {
  const { method = 'GET', path = '/x', body = '' } = options;
  return [`${method} ${lab.url}${path} HTTP/1.1`, `Host: ${lab.authority}`, ...lines, '', body].join('\r\n');
}

/** What a refusal says; `why` is part of the detail in its audit event. */
export interface ExpectedRefusal {
  readonly status: number;
  readonly reason: string;
  readonly why?: string;
}

/**
 * Expects one refusal as the answer, its reason in body and audit log, and that the origin saw nothing; and the same when
 * the bytes come on a connection that has served a request before.
 */
export async function expectRefused(
  lab: PlainLab,
  bytes: string | readonly string[],
  expected: ExpectedRefusal,
): Promise<Refusal> {
  await expectRefusedOnce(lab, bytes, expected, true);
  return expectRefusedOnce(lab, bytes, expected, false);
}

async function expectRefusedOnce(
  lab: PlainLab,
  bytes: string | readonly string[],
  expected: ExpectedRefusal,
  kept: boolean,
): Promise<Refusal> {
  const connections = lab.origin.connections.length;
  const { responses, requests } = await lab.exchange(bytes, { kept });
  const [response] = responses;
  if (response === undefined) throw new Error('no response');
  const refusal = await refusalOf(lab.arena, response);
  expect([refusal.status, refusal.reason]).toEqual([expected.status, expected.reason]);
  if (expected.why !== undefined) expect(refusal.event.detail).toContain(expected.why);
  expect(requests.map(({ method, target }) => `${method} ${target}`)).toEqual([]);
  const opened = lab.origin.connections.slice(connections);
  for (const { received } of opened) expect(received.toString()).not.toContain('hidden');
  return refusal;
}
