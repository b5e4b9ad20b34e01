import { readFile } from 'node:fs/promises';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { certificateFor } from '../support/certificates.ts';
import { haveCommand } from '../support/commands.ts';
import { digestOf } from '../support/digest.ts';
import { knownBytes } from '../support/known-bytes.ts';
import { listening } from '../support/origins/tcp-origin.ts';
import type { ProcessResult } from '../support/processes.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { atHttpsPort, credentialLab, STUB, withOrigins } from './lab.ts';

const HOST = 'api.example.com';
const KEY = 'real-key-0123456789/abcdefghijklmnop';
const ROUTE = `- { name: api, from: { env: API_KEY }, inject: { type: header, name: x-api-key }, hosts: [${HOST}] }`;
const BODY = knownBytes(2_000_000);

type Handle = (request: Http2ServerRequest, response: Http2ServerResponse) => unknown;

interface Service {
  readonly handle: Handle;
  /** Asked whether the body is wanted. @default it always is */
  readonly onExpect?: Handle;
}

/** A service behind the proxy, and curl with nothing but stubs. */
async function labOf({ handle, onExpect }: Service) {
  const keys: unknown[] = [];
  const versions = new Set<string>();
  let connections = 0;
  const { keyPem, certPem } = await certificateFor([HOST]);
  const origin = await atHttpsPort((place) => {
    const server = createSecureServer({ key: keyPem, cert: certPem, allowHTTP1: true });
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
    });
    server.on('secureConnection', () => connections++);
    const noting =
      (next: Handle): Handle =>
      (request, response) => {
        keys.push(request.headers['x-api-key']);
        versions.add(request.httpVersion);
        next(request, response);
      };
    server.on('request', noting(handle));
    if (onExpect !== undefined) server.on('checkContinue', noting(onExpect));
    return listening(server, place, () => {
      for (const socket of sockets) socket.destroy();
    });
  });
  const lab = untilTestEnds(
    await credentialLab({
      origins: { [HOST]: untilTestEnds(origin) },
      secrets: { API_KEY: KEY },
      routes: ROUTE,
    }),
  );
  return {
    keys,
    versions,
    get connections() {
      return connections;
    },
    curl: (...args: readonly string[]): Promise<ProcessResult> =>
      lab.session.run('curl', ['--disable', '-sS', '--max-time', '30', '-H', `x-api-key: ${STUB}`, ...args]),
  };
}

const url = (path: string) => `https://${HOST}${path}`;
const curlTest = withOrigins(...(haveCommand('curl') ? [] : ['curl']));

for (const [flag, version] of [
  ['--http1.1', '1.1'],
  ['--http2', '2.0'],
] as const) {
  curlTest.test(
    `the service says whether it wants a body before curl sends it (HTTP/${version})`,
    async () => {
      const early: number[] = [];
      const lab = await labOf({
        handle: (_request, response) => void response.writeHead(500).end(),
        async onExpect(request, response) {
          if (request.url === '/unwanted') return void response.writeHead(413).end('too large');
          // Long enough for a body that nobody has asked for to come.
          await sleep(300);
          early.push(request.readableLength);
          response.writeContinue();
          response.end(JSON.stringify(await digestOf(request)));
          return undefined;
        },
      });
      await using directory = await temporaryDirectory('body');
      const file = await directory.write('body', Buffer.concat([...BODY.pieces()]));
      const send = async (path: string) => {
        const wait = ['-H', 'Expect: 100-continue', '--expect100-timeout', '20'];
        const report = ['-w', '\n%{http_code} %{size_upload}'];
        const { code, stdout, stderr } = await lab.curl(flag, ...wait, ...report, '-T', file, url(path));
        // Over HTTP/2 curl goes on for as long as it may, also without a proxy, and may then find nobody to send to (55).
        const isCutShort = path === '/unwanted' && version !== '1.1' && code === 55;
        if (!isCutShort) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        return stdout.split('\n');
      };
      const { count: bytes, sha256 } = BODY;
      expect(await send('/wanted')).toEqual([JSON.stringify({ bytes, sha256 }), `200 ${bytes}`]);
      expect(early).toEqual([0]);
      const [answer, result = ''] = await send('/unwanted');
      expect(answer).toBe('too large');
      expect(result).toMatch(version === '1.1' ? /^413 0$/ : /^413 /);
      expect(lab.keys).toEqual([KEY, KEY]);
      expect([...lab.versions]).toEqual([version]);
    },
  );

  curlTest.test(
    `trailers come through, and answers without a body end where they should (HTTP/${version})`,
    async () => {
      const lab = await labOf({
        handle(request, response) {
          request.resume();
          switch (request.url) {
            case '/trailers':
              response.writeHead(200, { trailer: 'x-sum' });
              response.write('some text');
              response.addTrailers({ 'x-sum': '42' });
              return void response.end();
            case '/204':
              return void response.writeHead(204, { 'x-kind': 'empty' }).end();
            case '/304':
              return void response.writeHead(304, { etag: '"a"' }).end();
            default:
              return void response
                .writeHead(200, { 'content-length': '9' })
                .end(request.method === 'HEAD' ? '' : 'some text');
          }
        },
      });
      const { code, stdout, stderr } = await lab.curl(
        ...[
          flag,
          '-D',
          '-',
          '-w',
          '[%{http_code}]\n',
          url('/trailers'),
          url('/204'),
          url('/304'),
          url('/text'),
        ],
        ...[
          '--next',
          '-sS',
          flag,
          '-H',
          `x-api-key: ${STUB}`,
          '--head',
          '-w',
          '[%{http_code}]\n',
          url('/text'),
        ],
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const [trailers = '', empty = '', unchanged = '', text = '', head = ''] = stdout
        .replaceAll('\r', '')
        .split(/^.*Connection established\n\n/m)
        .join('')
        .split(/(?<=\[\d{3}\]\n)/);
      expect(trailers).toMatch(/^(?:some text)?x-sum: 42$/m);
      expect(trailers).toContain('some text');
      expect(empty).toMatch(/x-kind: empty\n(?:.+\n)*\n\[204\]\n$/);
      expect(unchanged).toMatch(/etag: "a"\n(?:.+\n)*\n\[304\]\n$/);
      expect(text).toMatch(/content-length: 9\n(?:.+\n)*\nsome text\[200\]\n$/);
      expect(head).toMatch(/content-length: 9\n(?:.+\n)*\n\[200\]\n$/);
      expect(lab.keys).toEqual([KEY, KEY, KEY, KEY, KEY]);
      expect([...lab.versions]).toEqual([version]);
      // One tunnel, and one connection behind it.
      expect(lab.connections).toBe(1);
    },
  );
}

curlTest.test('many requests share a connection of HTTP/2, each with its own answer', async () => {
  const waiting: (() => void)[] = [];
  const lab = await labOf({
    handle(request, response) {
      request.resume();
      waiting.push(() => response.end(request.url));
      // Answered together, the last first: nothing may wait for what came before it.
      if (waiting.length === 20) for (const answer of waiting.reverse()) answer();
    },
  });
  const paths = Array.from({ length: 20 }, (_, number) => `/${number}`);
  const args = paths.flatMap((path) => [url(path), '-o', `answer${path.slice(1)}`]);
  await using directory = await temporaryDirectory('answers');
  const parallel = [
    '--http2',
    '--no-progress-meter',
    '--parallel',
    '--parallel-max',
    '20',
    '--output-dir',
    directory.path,
  ];
  const { code, stderr } = await lab.curl(...parallel, ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const path of paths)
    expect(await readFile(directory.join(`answer${path.slice(1)}`), 'utf8')).toBe(path);
  expect(lab.keys).toEqual(paths.map(() => KEY));
  expect(lab.connections).toBe(1);
});
