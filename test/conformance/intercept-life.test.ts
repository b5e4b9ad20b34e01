import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, within } from '../support/deadline.ts';
import { expectBackToBaseline, resourcesOf } from '../support/leaks.ts';
import {
  bulkHandler,
  type OriginHandler,
  type RawSecureOrigin,
  rawResponse,
  rawSecureOrigin,
  type SecureOrigin,
  secureOrigin,
  silentOrigin,
  type TcpOrigin,
} from '../support/origins.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { rawConnect } from '../support/raw-client.ts';
import { ask } from './http2-asking.ts';
import { HOST, type InterceptLab, openInterceptLab, request, STUB } from './intercept-lab.ts';

const MEBIBYTE = 1_048_576;

describe('an intercepted connection', () => {
  let lab: InterceptLab;
  let echo: RawSecureOrigin;
  /** Takes requests and never answers. */
  let mute: RawSecureOrigin;
  /** Takes connections and never says a word. */
  let silent: TcpOrigin;
  let bulk: SecureOrigin;
  beforeAll(async () => {
    echo = await rawSecureOrigin(rawResponse(), { names: [HOST] });
    mute = await rawSecureOrigin(() => undefined, { names: [HOST] });
    silent = await silentOrigin();
    bulk = await secureOrigin(bulkHandler, { names: [HOST] });
    lab = await openInterceptLab({ flags: ['--handshake-timeout', '3s'] });
  });
  afterAll(async () => {
    expect(lab.arena.proxy.events({ event: 'defect' })).toEqual([]);
    await lab?.[Symbol.asyncDispose]();
    await Promise.all([echo, mute, silent, bulk].map((origin) => origin.close()));
  });

  it('leaves nothing behind, wherever in it the client goes away', async () => {
    const { pid } = lab.arena.proxy;
    await lab.exchange(echo, request(`${HOST}:${echo.port}`));
    const baseline = await resourcesOf(pid);
    const stages: readonly (() => Promise<void>)[] = [
      async () => {
        await using connection = await rawConnect(lab.arena.proxy);
        await connection.send(`CONNECT ${HOST}:${echo.port} HTTP/1.1\r\nHost: a\r\n\r\n`);
      },
      async () => {
        const { connection } = await connectThrough(lab.arena.proxy, `${HOST}:${echo.port}`);
        connection.reset();
      },
      async () => {
        const { connection } = await connectThrough(lab.arena.proxy, `${HOST}:${echo.port}`);
        await connection.send('\x16\x03\x01\x02\x00\x01\x00');
        connection.reset();
      },
      async () => {
        // The target does not get through its handshake.
        const { connection } = await connectThrough(lab.arena.proxy, `${HOST}:${silent.port}`);
        void connection.startTls({ ca: lab.caPem, servername: HOST }).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 20));
        connection.socket.destroy();
      },
      async () => {
        await using _ = await lab.open(echo);
      },
      async () => {
        await using inside = await lab.open(echo);
        await inside.connection.send('GET /half HTTP/1.1\r\nHo');
      },
      async () => {
        await using inside = await lab.open(mute);
        const fields = ['Content-Length: 1000'];
        await inside.connection.send(
          request(`${HOST}:${mute.port}`, { method: 'POST', fields, body: 'half' }),
        );
      },
      async () => {
        const before = mute.requests.length;
        await using inside = await lab.open(mute);
        await inside.connection.send(request(`${HOST}:${mute.port}`));
        await mute.request(before);
      },
      async () => {
        await using inside = await lab.open(bulk);
        await inside.connection.send(request(`${HOST}:${bulk.port}`, { target: '/bytes/50000000' }));
        await inside.connection.readHead();
      },
      async () => {
        await using inside = await lab.openHttp2(bulk);
        const headers = { ':authority': `${HOST}:${bulk.port}`, ':path': '/bytes/50000000' };
        const stream = inside.session.request(headers);
        stream.on('error', () => undefined);
        await new Promise((resolve) => stream.once('response', resolve));
      },
    ];
    for (let round = 0; round < 10; round++) await Promise.all(stages.map((stage) => stage()));
    await expectBackToBaseline(pid, baseline);
    const open = async () => {
      const metrics = await (await fetch(`${lab.arena.proxy.adminUrl}/metrics`)).text();
      return /^paude_proxy_open 0$/m.test(metrics);
    };
    await eventually('every tunnel to be closed', open);
    // Each request that was begun has an end in the log, and none is taken for a fault of the target.
    const ends = lab.arena.audit.events({ event: 'close', method: 'GET' });
    expect(new Set(ends.map(({ reason }) => reason))).toEqual(
      new Set(['finished', 'client-closed', 'client-reset']),
    );
  });

  it('is told of once in the log when its client says its last word before the target is reached', async () => {
    const count = 60;
    const { audit, proxy } = lab.arena;
    const decisionsBefore = audit.events({ event: 'decision' }).length;
    await Promise.all(
      Array.from({ length: count }, async () => {
        await using client = await rawConnect(proxy);
        client.socket.end(`CONNECT ${HOST}:${echo.port} HTTP/1.1\r\nHost: a\r\n\r\n`);
        await client.readToEnd();
      }),
    );
    const ids = () =>
      audit
        .events({ event: 'decision' })
        .slice(decisionsBefore)
        .map(({ id }) => id);
    const closes = () => audit.events({ event: 'close' }).filter(({ id }) => ids().includes(id));
    await eventually('each to be closed', () => new Set(closes().map(({ id }) => id)).size === count);
    expect(ids().length).toBe(count);
    expect(closes().length).toBe(count);
  });

  it.each(['http/1.1', 'h2'] as const)(
    'whose client does not read holds back the target, and grows no memory (%s)',
    async (protocol) => {
      const { pid } = lab.arena.proxy;
      const size = 200 * MEBIBYTE;
      const before = await resourcesOf(pid);
      const pauses: (() => void)[] = [];
      for (let count = 0; count < 4; count++) {
        if (protocol === 'h2') {
          const inside = await lab.openHttp2(bulk);
          const stream = inside.session.request({
            ':authority': `${HOST}:${bulk.port}`,
            ':path': `/bytes/${size}`,
          });
          stream.on('error', () => undefined);
          await new Promise((resolve) => stream.once('response', resolve));
          pauses.push(() => inside.tls.destroy());
          continue;
        }
        const inside = await lab.open(bulk);
        await inside.connection.send(request(`${HOST}:${bulk.port}`, { target: `/bytes/${size}` }));
        inside.connection.release().pause();
        pauses.push(() => inside.tls.destroy());
      }
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const after = await resourcesOf(pid);
      for (const end of pauses) end();
      expect(after.rssBytes - before.rssBytes).toBeLessThan(80 * MEBIBYTE);
    },
  );

  it.each(['http/1.1', 'h2'] as const)(
    'whose target does not read holds back the client, and grows no memory (%s)',
    async (protocol) => {
      const deaf: OriginHandler = (asked) => void asked.pause();
      const target = await secureOrigin(deaf, { names: [HOST] });
      const { pid } = lab.arena.proxy;
      const before = await resourcesOf(pid);
      const body = Buffer.alloc(100 * MEBIBYTE, 'a');
      let tls: { destroy(): void };
      if (protocol === 'h2') {
        const inside = await lab.openHttp2(target);
        const stream = inside.session.request({ ':method': 'POST', ':authority': `${HOST}:${target.port}` });
        stream.on('error', () => undefined);
        stream.write(body);
        tls = inside.session;
      } else {
        const inside = await lab.open(target);
        const fields = [`Content-Length: ${body.length}`];
        await inside.connection.send(request(`${HOST}:${target.port}`, { method: 'POST', fields }));
        inside.tls.write(body);
        tls = inside.tls;
      }
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const after = await resourcesOf(pid);
      tls.destroy();
      await target.close();
      expect(after.rssBytes - before.rssBytes).toBeLessThan(60 * MEBIBYTE);
    },
  );
});

describe('a new allowlist', () => {
  it('cuts intercepted connections to a host that it denies, and what is under way in them', async () => {
    const mute = await rawSecureOrigin(() => undefined, { names: [HOST] });
    await using lab = await openInterceptLab({ words: [], rules: `- { allow: ${HOST}, ports: "*" }` });
    await using busy = await lab.open(mute);
    await busy.connection.send(request(`${HOST}:${mute.port}`));
    await mute.request();
    await using idle = await lab.open(mute);
    await writeFile(lab.arena.allowlistFile, '- { allow: other.lab.example }\n');
    for (const { connection } of [busy, idle]) await connection.readToEnd();
    await within(mute.connections[0]?.closed ?? Promise.reject(), 'the target to be let go');
    for (const { id } of [busy, idle]) {
      const event = await lab.arena.audit.waitFor({ event: 'close', id });
      expect(event).toMatchObject({ reason: 'policy-changed', decision: 'deny' });
    }
    const inner = await lab.arena.audit.waitFor({ event: 'close', tunnel: busy.id });
    expect(inner).toMatchObject({ reason: 'policy-changed', decision: 'deny', route: 'key' });
    const { status, body } = await connectThrough(lab.arena.proxy, `${HOST}:${mute.port}`);
    expect([status, /Reason: ([a-z-]+)/.exec(body)?.[1]]).toEqual([403, 'not-listed']);
    await mute.close();
  });
});

describe('a proxy that is told to stop', () => {
  it('ends idle intercepted connections at once, and lets requests that are under way end', async () => {
    let answer: (bytes: Buffer) => void = () => undefined;
    const slow = await rawSecureOrigin(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
      { names: [HOST] },
    );
    const h2 = await secureOrigin(undefined, { names: [HOST] });
    await using lab = await openInterceptLab();
    await using idle = await lab.open(slow);
    await using idle2 = await lab.openHttp2(h2);
    await ask(idle2.session, { ':authority': `${HOST}:${h2.port}`, 'x-api-key': STUB });
    await using busy = await lab.open(slow);
    await busy.connection.send(request(`${HOST}:${slow.port}`));
    await slow.request();
    lab.arena.proxy.signal('SIGTERM');
    await idle.connection.readToEnd();
    await within(
      new Promise<void>((resolve) =>
        idle2.session.closed ? resolve() : idle2.session.once('close', () => resolve()),
      ),
      'the session to end',
    );
    answer(rawResponse('at last'));
    expect((await busy.connection.readResponse()).body.toString()).toBe('at last');
    await busy.connection.readToEnd();
    const { code } = await within(lab.arena.proxy.exited, 'the proxy to stop');
    expect(code).toBe(0);
    const [stopped] = lab.arena.proxy.events({ event: 'stopped' });
    expect(stopped?.drained).toBe(true);
    await slow.close();
    await h2.close();
  });
});

describe('report-only mode', () => {
  it('lets a host pass that the allowlist denies, and gives it no credential', async () => {
    const origin = await secureOrigin(undefined, { names: [HOST] });
    await using lab = await openInterceptLab({ words: ['other.lab.example'], flags: ['--report-only'] });
    const { connection: outer } = await connectThrough(lab.arena.proxy, `${HOST}:${origin.port}`);
    const { connection, tls } = await outer.startTls({ ca: origin.certificate.caPem, servername: HOST });
    await connection.send(request(`${HOST}:${origin.port}`));
    expect((await connection.readResponse()).status).toBe(200);
    expect(origin.requests.map(({ headers }) => headers['x-api-key'])).toEqual([STUB]);
    const event = await lab.arena.audit.waitFor({ event: 'decision' });
    expect(event).toMatchObject({ decision: 'allow', reportOnly: true });
    expect(event.route).toBeUndefined();
    tls.destroy();
    await origin.close();
  });
});
