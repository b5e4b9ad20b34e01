import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { eventually, within } from '../support/deadline.ts';
import { type WebSocketOrigin, webSocketOrigin } from '../support/origins.ts';
import { type RawConnection, rawConnect } from '../support/raw-client.ts';
import { refusalOf } from './arena.ts';
import { DENIED, expectRefused, HOST, openPlainLab, type PlainLab, requestTo } from './plain-lab.ts';

let lab: PlainLab;
let origin: WebSocketOrigin;
beforeAll(async () => {
  lab = await openPlainLab({ rules: `- { allow: ${HOST}, ports: "*" }\n`, words: [] });
  origin = await webSocketOrigin();
});
afterAll(async () => {
  await Promise.all([lab[Symbol.asyncDispose](), origin.close()]);
});

/** A client that asks the proxy for `url` in absolute-form. */
function webSocketTo(url: string, options: ClientOptions = {}): WebSocket {
  return new WebSocket(lab.arena.proxy.url.replace('http:', 'ws:'), {
    ...options,
    finishRequest: (request) => {
      request.path = url;
      request.end();
    },
  });
}

const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
];
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';

/** Sends a handshake to the lab's own origin, which answers as the test says, or nothing. */
async function handshake(answer: string, lines: readonly string[] = HANDSHAKE): Promise<RawConnection> {
  lab.answer(() => (answer === '' ? undefined : Buffer.from(answer, 'latin1')));
  const connection = await rawConnect(lab.arena.proxy);
  await connection.send(requestTo(lab, lines));
  return connection;
}

describe('a WebSocket over plain HTTP', () => {
  it('carries messages both ways, and its fields', async () => {
    const client = webSocketTo(`http://${HOST}:${origin.port}/chat?x=1`, {
      headers: { 'X-Mark': 'here', 'Proxy-Authorization': 'Basic eDp5' },
    });
    await within(once(client, 'open'), 'the socket to open');
    const sent = ['text', Buffer.from([1, 2, 3]), Buffer.alloc(1_000_000, 7)];
    for (const message of sent) {
      client.send(message);
      const [echoed, isBinary] = await within(once(client, 'message'), 'the echo');
      expect(isBinary ? Buffer.compare(echoed, message as Buffer) : String(echoed)).toBe(
        isBinary ? 0 : message,
      );
    }
    expect(origin.upgrades.at(-1)).toMatchObject({ 'x-mark': 'here', host: `${HOST}:${origin.port}` });
    expect(origin.upgrades.at(-1)).not.toHaveProperty('proxy-authorization');
    client.close();
    await within(once(client, 'close'), 'the socket to close');
    expect(await lab.arena.audit.waitFor({ event: 'close', port: origin.port })).toMatchObject({
      method: 'GET',
      status: 101,
      decision: 'allow',
    });
  });

  it('carries what either side sends at once behind its part of the handshake', async () => {
    await using connection = await handshake('');
    const record = await lab.origin.connection(lab.origin.connections.length);
    await connection.send('early');
    record.socket.write(`${SWITCHED}\r\nfirst`);
    expect((await connection.readHead()).startLine).toBe('HTTP/1.1 101 Switching Protocols');
    expect((await connection.readBytes(5)).toString()).toBe('first');
    await eventually('the early bytes', () => record.received.toString().endsWith('\r\n\r\nearly'));
  });

  it('passes back the refusal of the target, and closes', async () => {
    await using connection = await handshake('HTTP/1.1 426 No\r\nContent-Length: 2\r\nX-A: 1\r\n\r\nno');
    const response = await connection.readResponse();
    expect([response.status, response.body.toString()]).toEqual([426, 'no']);
    expect(response.head.get('x-a')).toBe('1');
    await connection.readToEnd();
    expect(await lab.arena.audit.waitFor({ event: 'close', status: 426 })).toMatchObject({
      reason: 'finished',
      bytesDown: 2,
    });
  });

  it('what stands behind a declined handshake is no request', async () => {
    lab.answer('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno');
    const before = lab.origin.requests.length;
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab, HANDSHAKE) + requestTo(lab, [], { path: '/hidden' }));
    expect((await connection.readToEnd()).toString().match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(lab.origin.requests.slice(before).map(({ target }) => target)).toEqual(['/x']);
  });
});

describe('a WebSocket handshake is refused', () => {
  const upgrade = (url: string) =>
    [`GET ${url} HTTP/1.1`, `Host: ${lab.authority}`, ...HANDSHAKE, '', ''].join('\r\n');

  it.each<[string, () => string, number, string]>([
    ['to a denied host', () => upgrade(`http://${DENIED}:${lab.origin.port}/`), 403, 'not-listed'],
    ['to an address', () => upgrade(`http://127.0.0.1:${lab.origin.port}/`), 403, 'address-not-listed'],
    ['to the proxy itself', () => upgrade(`http://${HOST}:${lab.arena.proxy.port}/`), 403, 'own-address'],
    ['to the port of TLS', () => upgrade(`http://${HOST}:443/`), 403, 'not-tls'],
    [
      'with ws: as its scheme',
      () => upgrade(`ws://${HOST}:${lab.origin.port}/`),
      400,
      'scheme-not-supported',
    ],
    ['without a host', () => upgrade('/chat'), 400, 'not-a-proxy-request'],
    ['with POST', () => upgrade(`${lab.url}/`).replace('GET', 'POST'), 400, 'bad-request'],
    [
      'with a body',
      () => upgrade(`${lab.url}/`).replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\nhello'),
      400,
      'bad-request',
    ],
    [
      'with chunks',
      () => upgrade(`${lab.url}/`).replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
      400,
      'bad-request',
    ],
    ['with two Hosts', () => upgrade(`${lab.url}/`).replace('\r\n', '\r\nHost: b\r\n'), 400, 'bad-request'],
  ])('%s', async (_what, bytes, status, reason) => {
    await expectRefused(lab, bytes(), { status, reason });
    expect(lab.arena.dns.queriesFor(DENIED)).toEqual([]);
  });

  it.each([
    ['nothing', undefined, 'target-reset'],
    ['no HTTP', 'hello\r\n\r\n', 'target-protocol-error'],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok',
      'target-protocol-error',
    ],
    ['a status below 100', 'HTTP/1.1 099 X\r\nContent-Length: 2\r\n\r\nok', 'target-protocol-error'],
    ['a 101 without a protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\nevil', 'target-protocol-error'],
    ['a 101 with an LF in a field', `${SWITCHED}X-A: 1\nX-B: 2\r\n\r\nevil`, 'target-protocol-error'],
  ])('with a reason when the target answers %s', async (_what, answer, reason) => {
    lab.answer((_request, socket) => {
      if (answer === undefined) socket.end();
      return answer;
    });
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(requestTo(lab, HANDSHAKE));
    const refusal = await refusalOf(lab.arena, await connection.readResponse());
    expect(refusal).toMatchObject({ status: 502, reason });
    expect(refusal.body).not.toContain('evil');
    const { id } = refusal.event;
    expect(lab.arena.audit.events({ id }).map(({ event, decision }) => [event, decision])).toEqual([
      ['decision', 'allow'],
      ['close', 'allow'],
    ]);
  });
});

describe('a WebSocket that is open, or about to be', () => {
  const revoke = () => lab.arena.directory.write('allowlist.yaml', '[]');
  const restore = async () => {
    const { audit } = lab.arena;
    await lab.arena.directory.write('allowlist.yaml', `- { allow: ${HOST}, ports: "*" }\n`);
    await eventually('the allowlist to be back', async () => {
      await using connection = await rawConnect(lab.arena.proxy);
      await connection.send(`GET http://${HOST}:443/ HTTP/1.1\r\nHost: a\r\n\r\n`);
      return (await refusalOf({ ...lab.arena, audit }, await connection.readResponse())).reason === 'not-tls';
    });
  };

  it.each([
    ['open', `${SWITCHED}\r\n`, 101],
    ['about to be', '', 499],
  ])('is cut when a new allowlist denies it: %s', async (_what, answer, status) => {
    const decisions = lab.arena.audit.events({ event: 'decision' }).length;
    await using connection = await handshake(answer);
    if (answer === '')
      await eventually(
        'the handshake',
        () => lab.arena.audit.events({ event: 'decision' }).length > decisions,
      );
    else await connection.readHead();
    await revoke();
    await connection.readToEnd();
    const { id } = lab.arena.audit.events({ event: 'decision' })[decisions] ?? {};
    expect(await lab.arena.audit.waitFor({ event: 'close', id })).toMatchObject({
      reason: 'policy-changed',
      decision: 'deny',
      status,
    });
    await restore();
  });

  it('is over when its client goes before the target has answered', async () => {
    const decisions = lab.arena.audit.events({ event: 'decision' }).length;
    const before = lab.origin.connections.length;
    await using connection = await handshake('');
    const record = await lab.origin.connection(before);
    await eventually('the handshake', () => record.received.includes('Upgrade'));
    connection.reset();
    await within(record.closed, 'the target to be let go');
    const { id } = lab.arena.audit.events({ event: 'decision' })[decisions] ?? {};
    expect(await lab.arena.audit.waitFor({ event: 'close', id })).toMatchObject({
      reason: 'client-closed',
      status: 499,
    });
  });
});
