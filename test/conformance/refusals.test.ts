import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deafOrigin, refusingPort, tcpOrigin } from '../support/origins.ts';
import { connectThrough, getThrough } from '../support/proxy-client.ts';
import { rawConnect } from '../support/raw-client.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type Arena, openArena, refusalOf, refusedConnect } from './arena.ts';
import { DENIED, expectRefused, HOST, openPlainLab, type PlainLab, requestTo } from './plain-lab.ts';

let lab: PlainLab;
beforeAll(async () => {
  lab = await openPlainLab();
});
afterAll(async () => {
  expect(lab.arena.dns.queriesFor(DENIED)).toEqual([]);
  await lab[Symbol.asyncDispose]();
});

describe('one shape for every refusal', () => {
  it.each([
    ['text', 'text/html, */*;q=0.1', 'text/plain; charset=utf-8'],
    ['JSON', 'application/json', 'application/json; charset=utf-8'],
  ])(
    'in %s, the same from CONNECT and GET, with words that do not lead around the proxy',
    async (_what, accept, type) => {
      const { port } = lab.origin;
      await using connection = await rawConnect(lab.arena.proxy);
      await connection.send(
        `GET http://${DENIED}:${port}/secret?token=s3cret HTTP/1.1\r\nHost: a\r\nAccept: ${accept}\r\n\r\n`,
      );
      const plain = await connection.readResponse();
      await connection.send(`CONNECT ${DENIED}:${port} HTTP/1.1\r\nHost: a\r\nAccept: ${accept}\r\n\r\n`);
      const tunnel = await connection.readResponse();
      const masked = (body: Buffer) => body.toString().replace(/[a-z\d]{5}-[a-z\d]+/g, 'ID');
      expect(masked(plain.body)).toBe(masked(tunnel.body));
      expect(plain.head.get('content-type')).toBe(type);
      expect(plain.body.toString()).toContain(`--allowed-domains ${DENIED}`);
      expect(plain.body.toString()).not.toMatch(/secret|--noproxy|no_proxy/i);
    },
  );

  it('the audit log never has a path, a query, a field or a body', async () => {
    await lab.exchange(
      requestTo(lab, ['X-Secret: s3cret1', 'Content-Length: 7'], {
        method: 'POST',
        path: '/s3cret2?s3cret3',
        body: 's3cret4',
      }),
    );
    await refusedConnect(lab.arena, `${DENIED}:443`, [
      ['Host', 's3cret5'],
      ['Cookie', 's3cret6'],
    ]);
    expect(JSON.stringify(lab.arena.audit.events())).not.toContain('s3cret');
  });

  it('of a HEAD has a head and no body, and the connection goes on', async () => {
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(`HEAD http://${DENIED}/ HTTP/1.1\r\nHost: a\r\n\r\n`);
    const { status, head } = await connection.readResponse({ bodyless: true });
    expect([status, Number(head.get('content-length')) > 100]).toEqual([403, true]);
    await connection.send(requestTo(lab, [], { path: '/next' }));
    expect((await connection.readResponse()).body.toString()).toBe('/next');
  });

  it('of HTTP/1.0 is one that ends with its connection', async () => {
    await using connection = await rawConnect(lab.arena.proxy);
    await connection.send(`GET http://${DENIED}/ HTTP/1.0\r\n\r\n`);
    const refusal = await refusalOf(lab.arena, await connection.readResponse());
    expect([refusal.status, refusal.reason]).toEqual([403, 'not-listed']);
    await connection.readToEnd();
  });
});

describe('a refusal', () => {
  it('is the same for a denied host and for one that does not exist: what is denied is not looked up', async () => {
    const lab = untilTestEnds(await openPlainLab());
    for (const host of [DENIED, 'no-such-name.lab.example', 'secret-data.exfiltration.example']) {
      const connect = await refusedConnect(lab.arena, `${host}:443`);
      expect([connect.status, connect.reason]).toEqual([403, 'not-listed']);
      await expectRefused(lab, `GET http://${host}/ HTTP/1.1\r\nHost: a\r\n\r\n`, {
        status: 403,
        reason: 'not-listed',
      });
    }
    const questions = lab.arena.dns.queries.filter(({ name }) => name !== HOST);
    expect(questions).toEqual([]);
  });
});

describe('a name that is allowed and cannot be reached', () => {
  let arena: Arena;
  beforeAll(async () => {
    const loopback = { a: ['127.0.0.1'] };
    arena = await openArena({
      words: ['.lab.example:*'],
      allowPrivate: ['127.0.0.0/8'],
      flags: ['--dns-timeout', '500ms', '--connect-timeout', '500ms'],
      zone: {
        'nodata.lab.example': 'nodata',
        'servfail.lab.example': 'servfail',
        'refused.lab.example': 'refused',
        'silent.lab.example': 'drop',
        'garbage.lab.example': () => Buffer.from('garbage'),
        'circle.lab.example': { cname: 'circle.lab.example' },
        'nowhere.lab.example': { cname: 'gone.lab.example' },
        'closed.lab.example': loopback,
        'deaf.lab.example': loopback,
        'resets.lab.example': loopback,
      },
    });
  });
  afterAll(() => arena[Symbol.asyncDispose]());

  const FAILURES: readonly (readonly [string, number, string, string])[] = [
    ['gone.lab.example', 502, 'dns-not-found', 'dns_error'],
    ['nodata.lab.example', 502, 'dns-no-address', 'dns_error'],
    ['nowhere.lab.example', 502, 'dns-not-found', 'dns_error'],
    ['circle.lab.example', 502, 'dns-no-address', 'dns_error'],
    ['servfail.lab.example', 502, 'dns-failed', 'dns_error'],
    ['refused.lab.example', 502, 'dns-failed', 'dns_error'],
    ['garbage.lab.example', 502, 'dns-failed', 'dns_error'],
    ['silent.lab.example', 504, 'dns-timeout', 'dns_timeout'],
    ['closed.lab.example', 502, 'connect-refused', 'connection_refused'],
    ['deaf.lab.example', 504, 'connect-timeout', 'connection_timeout'],
  ];
  const portOf = async (host: string) => {
    const { port } = untilTestEnds(await (host.startsWith('deaf') ? deafOrigin() : refusingPort()));
    return port;
  };
  const handshake = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  const ways = [
    ['CONNECT', (target: string) => connectThrough(arena.proxy, target, [['Host', 'a']])],
    ['GET', (target: string) => getThrough(arena.proxy, `http://${target}/x?s3cret`)],
    [
      'WebSocket',
      (target: string) => getThrough(arena.proxy, `http://${target}/s3cret`, ['Host: a', ...handshake]),
    ],
  ] as const;

  describe.each(ways)('by %s', (_way, ask) => {
    it.each(FAILURES)('%s: %i, %s', async (host, status, reason, error) => {
      const response = await ask(`${host}:${await portOf(host)}`);
      const refusal = await refusalOf(arena, response);
      expect([refusal.status, refusal.reason]).toEqual([status, reason]);
      expect(response.head.get('proxy-status')).toMatch(
        new RegExp(`^paude; error=${error}; details="${reason}: `),
      );
      expect(refusal.body).not.toMatch(/s3cret|egress policy|--allow/);
      // Allowed, but failed: a decision, and a close that says why.
      const { id } = refusal.event;
      expect(arena.audit.events({ id }).map(({ event, decision, rule }) => [event, decision, rule])).toEqual([
        ['decision', 'allow', '.lab.example:*'],
        ['close', 'allow', '.lab.example:*'],
      ]);
      expect(refusal.event).toMatchObject({ host, status, bytesUp: 0, bytesDown: 0 });
    });
  });

  it('a target that resets: 502 for what has an answer, an end for what has none', async () => {
    const origin = untilTestEnds(
      await tcpOrigin((socket) => socket.once('data', () => socket.resetAndDestroy())),
    );
    const { port } = origin;
    const refusal = await refusalOf(
      arena,
      await getThrough(arena.proxy, `http://resets.lab.example:${port}/`),
    );
    expect([refusal.status, refusal.reason]).toEqual([502, 'target-reset']);
    await using tunnel = await connectThrough(arena.proxy, `resets.lab.example:${port}`);
    await tunnel.connection.send('x');
    await tunnel.connection.readToEnd();
    expect(await arena.audit.waitFor({ event: 'close', method: 'CONNECT', port })).toMatchObject({
      reason: 'connection-reset',
      decision: 'allow',
    });
  });
});
