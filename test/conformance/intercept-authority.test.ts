import { constants } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SecureOrigin, secureOrigin } from '../support/origins.ts';
import { ask, refusalOfHttp2 } from './http2-asking.ts';
import {
  HOST,
  type InterceptLab,
  KEY,
  openInterceptLab,
  refusedInside,
  request,
  STUB,
} from './intercept-lab.ts';

let lab: InterceptLab;
let origin: SecureOrigin;
beforeAll(async () => {
  origin = await secureOrigin(undefined, { names: [HOST] });
  lab = await openInterceptLab();
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  await origin?.close();
});

const there = () => `${HOST}:${origin.port}`;
const mismatch = { status: 421, reason: 'authority-mismatch' };

/** Authorities that are not that of the tunnel, whoever reads them. */
const strangers: readonly [string, () => string][] = [
  ['another host', () => `other.lab.example:${origin.port}`],
  ['another host that has a route', () => 'api.anthropic.com'],
  ['the host with another port', () => `${HOST}:8443`],
  ['the host without its port', () => HOST],
  ['the port of http', () => `${HOST}:80`],
  ['a name under the host', () => `a.${there()}`],
  ['the host as the beginning of another', () => `${HOST}.evil.example:${origin.port}`],
  ['the host as the end of another', () => `evil${there()}`],
  ['two dots behind it', () => `${HOST}..:${origin.port}`],
  ['the address of the host', () => `127.0.0.1:${origin.port}`],
  ['the address in brackets', () => `[::ffff:127.0.0.1]:${origin.port}`],
  ['userinfo in front of it', () => `user:pass@${there()}`],
  ['it as userinfo of another', () => `${there()}@evil.example`],
  ['a port of six digits', () => `${HOST}:${origin.port}0`],
  ['a port with a zero in front', () => `${HOST}:0${origin.port}`],
  ['two ports', () => `${there()}:${origin.port}`],
  ['a percent-encoded letter', () => there().replace('k', '%6b')],
  ['a list of two', () => `${there()}, evil.example`],
  ['two with a space between', () => `${there()} evil.example`],
  ['a path behind it', () => `${there()}/x`],
  ['a scheme in front of it', () => `https://${there()}`],
  ['a letter that only looks like its own', () => there().replace('k', '\xe7')],
];

describe('Host over HTTP/1.1', () => {
  it.each<[string, () => string]>([
    ['as the CONNECT had it', there],
    ['in upper case', () => there().toUpperCase()],
    ['with a dot behind it', () => `${HOST}.:${origin.port}`],
  ])(
    'that names the host of the tunnel, %s, gets the credential and goes out in one form',
    async (_, host) => {
      const { status } = await lab.exchange(origin, request(host()));
      expect(status).toBe(200);
      const seen = origin.requests.at(-1);
      expect(seen).toMatchObject({ authority: there(), path: '/v1/x', serverName: HOST });
      expect(seen?.headers['x-api-key']).toBe(KEY);
    },
  );

  it.each([...strangers, ['nothing at all', () => ''] as const])(
    'that names %s is answered 421, and the origin sees nothing',
    async (_, host) => {
      const before = origin.requests.length;
      const refusal = await refusedInside(lab, origin, request(host()));
      expect(refusal).toMatchObject(mismatch);
      expect(refusal.event).toMatchObject({ host: HOST, port: origin.port, decision: 'deny' });
      expect(origin.requests.length).toBe(before);
    },
  );

  it('that is missing is a bad request', async () => {
    const bytes = request(there()).replace(/^Host: .*\r\n/m, '');
    const refusal = await refusedInside(lab, origin, bytes);
    expect(refusal).toMatchObject({ status: 400, reason: 'bad-request' });
    expect(refusal.event.detail).toBe('host is missing');
  });

  it.each<[string, () => readonly string[]]>([
    ['twice', () => [`Host: ${there()}`]],
    ['twice, with another host second', () => ['Host: evil.example']],
    ['twice in another case', () => ['hOST: evil.example']],
  ])('that stands there %s is a bad request', async (_, fields) => {
    const before = origin.requests.length;
    const refusal = await refusedInside(lab, origin, request(there(), { fields: fields() }));
    expect(refusal).toMatchObject({ status: 400, reason: 'bad-request' });
    expect(refusal.event.detail).toBe('host stands twice');
    expect(origin.requests.length).toBe(before);
  });

  it('may be missing in HTTP/1.0: the tunnel says where the request goes', async () => {
    const bytes = `GET /old HTTP/1.0\r\nX-Api-Key: ${STUB}\r\n\r\n`;
    expect((await lab.exchange(origin, bytes)).status).toBe(200);
    expect(origin.requests.at(-1)).toMatchObject({ authority: there(), path: '/old' });
  });

  it('of another host after requests that were right is answered 421 all the same', async () => {
    await using inside = await lab.open(origin);
    for (const target of ['/first', '/second']) {
      await inside.connection.send(request(there(), { target }));
      expect((await inside.connection.readResponse()).status).toBe(200);
    }
    const before = origin.requests.length;
    await inside.connection.send(request('evil.example', { target: '/third' }));
    expect((await inside.connection.readResponse()).status).toBe(421);
    expect(origin.requests.length).toBe(before);
  });
});

describe('a request target over HTTP/1.1', () => {
  it('in absolute form goes on as a path when it names the host of the tunnel', async () => {
    const target = `https://${there()}/abs?q=1`;
    expect((await lab.exchange(origin, request(there(), { target }))).status).toBe(200);
    expect(origin.requests.at(-1)).toMatchObject({ path: '/abs?q=1', authority: there() });
  });

  it.each([...strangers.filter(([name]) => !/space|path|scheme|letter that|list/.test(name))])(
    'in absolute form that names %s is answered 421 even though Host is right',
    async (_, host) => {
      const before = origin.requests.length;
      const refusal = await refusedInside(lab, origin, request(there(), { target: `https://${host()}/x` }));
      expect(refusal).toMatchObject(mismatch);
      expect(origin.requests.length).toBe(before);
    },
  );

  it.each(['http', 'ws', 'ftp', 'HTTP'])(
    'with the scheme %s is answered 421: inside of TLS it is https',
    async (scheme) => {
      const refusal = await refusedInside(
        lab,
        origin,
        request(there(), { target: `${scheme}://${there()}/x` }),
      );
      expect(refusal).toMatchObject(mismatch);
    },
  );

  it.each<[string, string]>([
    ['*', 'only OPTIONS'],
    ['/a#b', 'must be encoded'],
    ['/a\\b', 'must be encoded'],
    ['x', ''],
  ])('%s is a bad request', async (target, why) => {
    const before = origin.requests.length;
    const refusal = await refusedInside(lab, origin, request(there(), { target }));
    expect(refusal.status).toBe(400);
    expect(String(refusal.event.detail)).toContain(why);
    expect(origin.requests.length).toBe(before);
  });

  it('never has a password of its userinfo in the log', async () => {
    const target = `https://user:pass-w0rd@${there()}/x`;
    const { event } = await refusedInside(lab, origin, request(there(), { target }));
    expect(JSON.stringify(event)).not.toContain('pass-w0rd');
  });
});

describe(':authority over HTTP/2', () => {
  it.each<[string, () => Record<string, string>]>([
    ['as the CONNECT had it', () => ({ ':authority': there() })],
    ['in upper case', () => ({ ':authority': there().toUpperCase() })],
    ['and Host as well', () => ({ ':authority': there(), host: there() })],
  ])('that names the host of the tunnel, %s, gets the credential', async (_, fields) => {
    await using inside = await lab.openHttp2(origin);
    const { status } = await ask(inside.session, { ...fields(), ':path': '/v2', 'x-api-key': STUB });
    expect(status).toBe(200);
    const seen = origin.requests.at(-1);
    expect(seen).toMatchObject({ authority: there(), path: '/v2', httpVersion: '2.0' });
    expect(seen?.headers['x-api-key']).toBe(KEY);
    expect(seen?.headers.host).toBeUndefined();
  });

  it.each(strangers.filter(([name]) => !/space|path|scheme|letter that|list|userinfo/.test(name)))(
    'that names %s is answered 421, and the origin sees nothing',
    async (_, authority) => {
      await using inside = await lab.openHttp2(origin);
      const before = origin.requests.length;
      const answer = await ask(inside.session, { ':authority': authority(), 'x-api-key': STUB });
      const refusal = await refusalOfHttp2(lab.arena, answer);
      expect(refusal).toMatchObject(mismatch);
      expect(refusal.event).toMatchObject({ host: HOST, decision: 'deny' });
      expect(origin.requests.length).toBe(before);
    },
  );

  it.each(strangers.filter(([name]) => /userinfo/.test(name)))(
    'that has %s resets the stream, and the origin sees nothing',
    async (_, authority) => {
      await using inside = await lab.openHttp2(origin);
      const before = origin.requests.length;
      const answer = await ask(inside.session, { ':authority': authority() });
      expect(answer).toMatchObject({ status: 0, code: constants.NGHTTP2_PROTOCOL_ERROR });
      expect(origin.requests.length).toBe(before);
    },
  );

  it('that is right does not hide a Host that is not', async () => {
    await using inside = await lab.openHttp2(origin);
    const before = origin.requests.length;
    const answer = await ask(inside.session, { ':authority': there(), host: 'evil.example' });
    expect(await refusalOfHttp2(lab.arena, answer)).toMatchObject(mismatch);
    expect(origin.requests.length).toBe(before);
  });

  it('of another host on a connection that was right so far is answered 421, and the connection goes on', async () => {
    await using inside = await lab.openHttp2(origin);
    const ok = { ':authority': there(), 'x-api-key': STUB };
    expect((await ask(inside.session, ok)).status).toBe(200);
    expect((await ask(inside.session, { ':authority': 'evil.example' })).status).toBe(421);
    expect((await ask(inside.session, ok)).status).toBe(200);
  });

  it('with a scheme other than https is a bad request', async () => {
    await using inside = await lab.openHttp2(origin);
    const answer = await ask(inside.session, { ':authority': there(), ':scheme': 'http' });
    const refusal = await refusalOfHttp2(lab.arena, answer);
    expect(refusal).toMatchObject({ status: 400, reason: 'bad-request' });
    expect(refusal.event.detail).toBe('the scheme is not https');
  });

  it('with a path that is a URL is a bad request', async () => {
    await using inside = await lab.openHttp2(origin);
    const before = origin.requests.length;
    const answer = await ask(inside.session, { ':authority': there(), ':path': 'https://evil.example/' });
    // nghttp2 refuses such a path itself, or we do.
    if (answer.status !== 0) expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(origin.requests.length).toBe(before);
  });
});

describe('the log', () => {
  it('has the route and the name of the credential with every request that got it, and never the key', async () => {
    await lab.exchange(origin, request(there()));
    const event = await lab.arena.audit.waitFor({ event: 'close', method: 'GET', status: 200 });
    expect(event).toMatchObject({ route: 'key', credential: 'env:LAB_KEY', reason: 'finished' });
    expect(JSON.stringify(lab.arena.audit.events())).not.toContain(KEY);
  });
});
