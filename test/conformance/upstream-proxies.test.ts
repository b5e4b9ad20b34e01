import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateFor } from '../support/certificates.ts';
import { clientHello } from '../support/client-hello.ts';
import { connectProxy } from '../support/connect-proxy.ts';
import { eventually } from '../support/deadline.ts';
import { knownBytes, sha256 } from '../support/known-bytes.ts';
import {
  answersAfterFinOrigin,
  echoOrigin,
  finsFirstOrigin,
  type RawHttpOrigin,
  rawHttpOrigin,
  type TcpOrigin,
} from '../support/origins.ts';
import { connectThrough, getThrough } from '../support/proxy-client.ts';
import { rawConnect } from '../support/raw-client.ts';
import { socksProxy } from '../support/socks-proxy.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type Arena, refusedConnect, refusedGet } from './arena.ts';
import { CREDENTIALS, openBehind } from './behind.ts';

const HOST = 'a.lab.example';
const RULES = `
- { allow: .lab.example, ports: "*" }
- "!denied.lab.example"
- localhost:*
- 10.0.0.0/8:*
- 127.0.0.0/8:*
`;

/** A company's proxy, which resolves every name under lab.example to this machine. */
interface Company extends AsyncDisposable {
  readonly url: string;
  readonly targets: readonly string[];
  readonly authorizations: readonly (string | undefined)[];
}

async function openCompany(scheme: string): Promise<Company> {
  const resolve = (_host: string, port: number) => ({ host: '127.0.0.1', port });
  if (scheme === 'socks5') return socksProxy(resolve, { password: CREDENTIALS });
  if (scheme === 'http') return connectProxy(resolve);
  return connectProxy(resolve, { certificate: await certificateFor(['localhost']) });
}

describe.each(['http', 'https', 'socks5'])('through an upstream proxy (%s)', (scheme) => {
  let company: Company;
  let arena: Arena;
  let origin: RawHttpOrigin;
  let echo: TcpOrigin;
  beforeAll(async () => {
    [company, origin, echo] = await Promise.all([openCompany(scheme), rawHttpOrigin(), echoOrigin()]);
    arena = await openBehind(company.url, { rules: RULES, flags: ['--host', 'static.lab.example=10.0.0.1'] });
  });
  afterAll(async () => {
    expect(arena.dns.queries).toEqual([]);
    expect(arena.proxy.logLines().join('\n')).not.toContain('s3cret');
    expect(arena.proxy.stderr).not.toContain('s3cret');
    await arena[Symbol.asyncDispose]();
    await Promise.all([company[Symbol.asyncDispose](), origin.close(), echo.close()]);
  });

  const credentials =
    scheme === 'socks5' ? CREDENTIALS : `Basic ${Buffer.from(CREDENTIALS).toString('base64')}`;

  it('a tunnel is asked for by its canonical name, with our credentials and not those of the client', async () => {
    await using tunnel = await connectThrough(arena.proxy, `A.Lab.Example.:${echo.port}`, [
      ['Host', 'evil.example'],
      ['Proxy-Authorization', 'Basic eDp5'],
    ]);
    expect(tunnel.status).toBe(200);
    expect(company.targets.at(-1)).toBe(`${HOST}:${echo.port}`);
    expect(company.authorizations.at(-1)).toBe(credentials);
    await tunnel.connection.send('hello');
    expect((await tunnel.connection.readBytes(5)).toString()).toBe('hello');
    tunnel.connection.socket.destroy();
    const { id, ...closed } = await arena.audit.waitFor({ event: 'close', host: HOST, port: echo.port });
    expect(closed).toMatchObject({ decision: 'allow', rule: '.lab.example:*', bytesUp: 5, bytesDown: 5 });
    // Where the name leads to is known to the other proxy alone.
    for (const event of arena.audit.events({ id })) expect(event).not.toHaveProperty('address');
  });

  it('a plain request goes on in its plain form, with our credentials for the proxy alone', async () => {
    const answer = await getThrough(arena.proxy, `http://A.LAB.example:${origin.port}/x?q=1`, [
      ['Host', 'evil.example'],
      ['Proxy-Authorization', 'Basic eDp5'],
      ['Connection', 'X-Mine'],
      ['X-Mine', '1'],
    ]);
    expect(answer.status).toBe(200);
    const authority = `${HOST}:${origin.port}`;
    expect(company.targets.at(-1)).toBe(scheme === 'socks5' ? authority : `http://${authority}/x?q=1`);
    expect(company.authorizations.at(-1)).toBe(credentials);
    const request = origin.requests.at(-1);
    expect([request?.target, request?.head.getAll('host')]).toEqual(['/x?q=1', [authority]]);
    expect(request?.head.raw).not.toMatch(/evil|x-mine|eDp5/i);
  });

  const REFUSED: readonly (readonly [string, string, string])[] = [
    ['a name that is not listed', 'evil.example', 'not-listed'],
    ['a name that looks like one', 'evillab.example', 'not-listed'],
    ['a name that is denied', 'denied.lab.example', 'denied-by-rule'],
    ['an encoded name', 'a%2elab.example', 'bad-target'],
    ['userinfo', 'a.lab.example@evil.example', 'bad-target'],
    ['an address that is not listed', '8.8.8.8', 'address-not-listed'],
    ['a private address', '10.0.0.1', 'address-not-allowed'],
    ['a private address as IPv6', '[::ffff:10.0.0.1]', 'address-not-allowed'],
    ['loopback', '127.0.0.1', 'address-not-allowed'],
    ['the name of loopback', 'localhost', 'address-not-allowed'],
    ['a name with a static private address', 'static.lab.example', 'address-not-allowed'],
  ];

  it.each(REFUSED)('%s is refused, and the upstream proxy is not asked', async (_what, host, reason) => {
    const before = company.targets.length;
    expect((await refusedConnect(arena, `${host}:8080`)).reason).toBe(reason);
    expect((await refusedGet(arena, `http://${host}:8080/`)).reason).toBe(reason);
    expect(company.targets).toHaveLength(before);
  });

  it.each([
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6']],
    ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['a space before a colon', ['Content-Length : 5']],
  ])('a request that can be read in two ways is refused: %s', async (_what, lines) => {
    const before = company.targets.length;
    const { status, reason } = await refusedGet(arena, `http://${HOST}:${origin.port}/`, [
      ['Host', 'a'],
      ...lines,
    ]);
    expect([status, reason]).toEqual([400, 'bad-request']);
    expect(company.targets).toHaveLength(before);
  });

  it('a handshake for another host is cut off, and the target gets none of it', async () => {
    const before = echo.connections.length;
    await using tunnel = await connectThrough(arena.proxy, `sni.lab.example:${echo.port}`);
    await tunnel.connection.send(clientHello({ serverNames: ['evil.example'] }));
    expect([...(await tunnel.connection.readToEnd())]).toEqual([21, 3, 3, 0, 2, 2, 112]);
    const closed = await arena.audit.waitFor({ event: 'close', host: 'sni.lab.example' });
    expect(closed).toMatchObject({ decision: 'deny', reason: 'sni-mismatch' });
    expect((await echo.connection(before)).byteCount).toBe(0);
  });

  it('a WebSocket is one, and a target that only pretends to switch is not', async () => {
    const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ';
    for (const [protocol, status] of [
      ['websocket', 101],
      ['h2c', 502],
    ] as const) {
      await using target = await rawHttpOrigin(`${switching}${protocol}\r\n\r\nhello`);
      await using connection = await rawConnect(arena.proxy);
      const handshake = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13';
      await connection.send(`GET http://${HOST}:${target.port}/ HTTP/1.1\r\nHost: a\r\n${handshake}\r\n\r\n`);
      const head = await connection.readHead();
      expect(head.startLine).toContain(` ${status} `);
      if (status === 101) expect((await connection.readBytes(5)).toString()).toBe('hello');
    }
  });

  it('the client’s FIN goes through, and the answer comes back', async () => {
    const target = untilTestEnds(await answersAfterFinOrigin());
    await using tunnel = await connectThrough(arena.proxy, `${HOST}:${target.port}`);
    await tunnel.connection.send('four');
    tunnel.connection.end();
    expect((await tunnel.connection.readToEnd()).toString()).toBe('got 4\n');
  });

  // The SOCKS client of proxy-chain ends both directions with the first.
  if (scheme !== 'socks5') {
    it('the target’s FIN goes through, and the client may go on speaking', async () => {
      const target = untilTestEnds(await finsFirstOrigin());
      await using tunnel = await connectThrough(arena.proxy, `${HOST}:${target.port}`);
      expect((await tunnel.connection.readToEnd()).toString()).toBe('bye\n');
      await tunnel.connection.send('still here');
      const record = await target.connection();
      await eventually('the words at the target', () => record.received.toString() === 'still here');
    });
  }

  it('bulk passes whole, both ways at once', async () => {
    const bytes = knownBytes(5_000_000);
    await using tunnel = await connectThrough(arena.proxy, `${HOST}:${echo.port}`);
    await tunnel.connection.send(bytes.pieces());
    expect(sha256(await tunnel.connection.readBytes(bytes.count))).toBe(bytes.sha256);
  });

  it('a tunnel is cut when a new allowlist denies it', async () => {
    await using tunnel = await connectThrough(arena.proxy, `cut.lab.example:${echo.port}`);
    expect(tunnel.status).toBe(200);
    await arena.directory.write('allowlist.yaml', `${RULES}- "!cut.lab.example"\n`);
    await tunnel.connection.readToEnd();
    const closed = await arena.audit.waitFor({ event: 'close', host: 'cut.lab.example' });
    expect(closed).toMatchObject({ decision: 'deny', reason: 'policy-changed' });
    expect((await refusedConnect(arena, `cut.lab.example:${echo.port}`)).reason).toBe('denied-by-rule');
  });
});
