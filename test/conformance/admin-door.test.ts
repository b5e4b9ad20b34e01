import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { componentTests } from '../support/components.ts';
import { within } from '../support/deadline.ts';
import { connectThrough } from '../support/proxy-client.ts';
import { type ProxyProcess, startProxy } from '../support/proxy-process.ts';
import { type RawResponse, rawConnect } from '../support/raw-client.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';

const EVENTS = 30_000;
const TOKEN = 'admin-s3cret';
const OPEN = ['/healthz', '/readyz', '/metrics'];
const GUARDED = ['/policy', '/decide?host=a.lab.example', '/blocked', '/events'];

/** An address of this machine that is not loopback: packets to it do not leave the machine all the same. */
const outside = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

let proxy: ProxyProcess;
let directory: TemporaryDirectory;
beforeAll(async () => {
  directory = await temporaryDirectory('admin');
  const tokenFile = await directory.write('token', `${TOKEN}\n`);
  const flags = ['--allowed-domains', 'a.lab.example', '--host', 'a.lab.example=192.0.2.1'];
  proxy = await startProxy([...flags, '--admin-token-file', tokenFile], {
    admin: outside === undefined ? '127.0.0.1:0' : ':0',
  });
});
afterAll(() => Promise.all([proxy.kill(), directory.remove()]));

/** Asks the admin port with these lines; reads one response, of a stream its head alone. */
async function ask(
  startLine: string,
  lines: readonly string[] = ['Host: localhost'],
  host = '127.0.0.1',
): Promise<RawResponse> {
  await using connection = await rawConnect({ host, port: proxy.adminPort ?? 0 });
  await connection.send([startLine, ...lines, '', ''].join('\r\n'));
  const isStream = startLine.includes('/events') || startLine.startsWith('HEAD');
  const response = await connection.readResponse({ bodyless: isStream });
  return response;
}

describe('the admin port, asked on loopback', () => {
  it.each([...OPEN, ...GUARDED])('answers %s', async (path) => {
    expect((await ask(`GET ${path} HTTP/1.1`)).status).toBe(200);
  });

  it.each([
    ['a name that leads here', 'Host: evil.example'],
    ['a name that begins like one of ours', 'Host: localhost.evil.example'],
    ['an address of ours as part of a name', 'Host: 127.0.0.1.evil.example'],
    ['userinfo', 'Host: localhost@evil.example'],
    ['another address', 'Host: 10.0.0.1'],
    ['nothing', 'Host:'],
  ])('shows nothing guarded under a Host that a web page can choose: %s', async (_what, host) => {
    for (const path of GUARDED) expect((await ask(`GET ${path} HTTP/1.1`, [host])).status).toBe(403);
    for (const path of OPEN) expect((await ask(`GET ${path} HTTP/1.1`, [host])).status).toBe(200);
  });

  it.each([
    ['a wrong token', 'Authorization: Bearer wrong'],
    ['part of the token', `Authorization: Bearer ${TOKEN.slice(0, -1)}`],
    ['the token and more', `Authorization: Bearer ${TOKEN}x`],
  ])('refuses %s, also from here', async (_what, line) => {
    const { status, body } = await ask('GET /policy HTTP/1.1', ['Host: localhost', line]);
    expect(status).toBe(403);
    expect(body.toString()).not.toContain('s3cret');
  });

  it.each([
    ['POST', 'POST /policy HTTP/1.1', 405],
    ['DELETE', 'DELETE /policy HTTP/1.1', 405],
    ['CONNECT to the proxy’s own target', 'CONNECT a.lab.example:443 HTTP/1.1', 0],
    ['a path that is none', 'GET /../policy/x HTTP/1.1', 404],
    ['a name of every object', 'GET /constructor HTTP/1.1', 404],
    ['the prototype', 'GET /__proto__ HTTP/1.1', 404],
    ['a URL: the admin port is no proxy', 'GET http://a.lab.example/x HTTP/1.1', 404],
  ])('is no way to do anything: %s', async (_what, startLine, status) => {
    if (status !== 0) expect((await ask(startLine)).status).toBe(status);
    else await expect(ask(startLine)).rejects.toThrow(/ended/);
  });

  it('has no secret to show', async () => {
    await connectThrough(proxy, 'evil.example:443', ['Host: a', `Proxy-Authorization: Basic ${TOKEN}`]);
    for (const path of [...OPEN, '/policy', '/blocked']) {
      expect((await ask(`GET ${path} HTTP/1.1`)).body.toString()).not.toContain('s3cret');
    }
  });

  it('ends a stream of events whose reader does not read', async () => {
    await using slow = await rawConnect({ port: proxy.adminPort ?? 0, timeoutMs: 10_000 });
    slow.socket.pause();
    await slow.send('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const name = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(60)).join('.');
    // More events than the kernel and the limit of a mebibyte hold, over one connection.
    const client = connect({ port: proxy.port, host: '127.0.0.1' }).on('error', () => undefined);
    client.end(`GET http://${name}/ HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(EVENTS));
    let received = 0;
    client.on('data', (bytes) => {
      received += bytes.toString('latin1').split('HTTP/1.1 4').length - 1;
    });
    await within(new Promise((resolve) => client.on('close', resolve)), 'all answers', 20_000);
    expect(received).toBeGreaterThan(EVENTS * 0.9);
    slow.socket.resume();
    const lines = (await slow.readToEnd()).toString().split(name).length;
    expect(lines).toBeGreaterThan(100);
    expect(lines).toBeLessThan(EVENTS);
  });
});

componentTests(outside === undefined ? ['address that is not loopback'] : []).describe(
  'the admin port, asked from elsewhere',
  () => {
    it.each(OPEN)('answers %s', async (path) => {
      expect((await ask(`GET ${path} HTTP/1.1`, ['Host: localhost'], outside)).status).toBe(200);
    });

    it.each(GUARDED)('does not show %s, whatever the Host', async (path) => {
      for (const host of ['localhost', '127.0.0.1', '[::1]', outside ?? '']) {
        const response = await ask(`GET ${path} HTTP/1.1`, [`Host: ${host}`], outside);
        expect(response.status).toBe(403);
        expect(response.body.toString()).not.toContain('lab.example');
      }
    });

    it.each([
      ['X-Forwarded-For', 'X-Forwarded-For: 127.0.0.1'],
      ['Forwarded', 'Forwarded: for=127.0.0.1'],
      ['another scheme', `Authorization: Basic ${TOKEN}`],
      ['a token in the URL', ''],
    ])('is not fooled by %s', async (_what, line) => {
      const lines = ['Host: localhost', ...(line === '' ? [] : [line])];
      const path = line === '' ? `/policy?token=${TOKEN}` : '/policy';
      expect((await ask(`GET ${path} HTTP/1.1`, lines, outside)).status).toBe(403);
    });

    it.each(GUARDED)('shows %s for the token', async (path) => {
      const lines = ['Host: proxy.example', `Authorization: Bearer ${TOKEN}`];
      expect((await ask(`GET ${path} HTTP/1.1`, lines, outside)).status).toBe(200);
    });
  },
);
