import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientHello } from '../support/client-hello.ts';
import { eventually, within } from '../support/deadline.ts';
import { type RawHttpOrigin, rawHttpOrigin } from '../support/origins.ts';
import { type RunningProcess, startProcess } from '../support/processes.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const HOST = 'good.lab.example';

/** Looks like a line and a field of the log; as Latin-1, as it goes on the wire. */
const ON_ONE_LINE = '12:00:00 ALLOW CONNECT evil.example:443 "{"decision":"allow"}\x9b1m\xe2\x80\xa8';
/** Ends lines and drives a terminal, besides. */
const FORGERY = `\x1b[2J\r\n\n${ON_ONE_LINE}`;
const get = (url: string, ...lines: readonly string[]) =>
  [`GET ${url} HTTP/1.1`, 'Host: a', 'Connection: close', ...lines, '', ''].join('\r\n');
const inBase64 = Buffer.from(FORGERY, 'latin1').toString('base64');
const inPercents = [...Buffer.from(FORGERY, 'latin1')].map((byte) => `%${byte.toString(16)}`).join('');

/** Requests with a part that tries to be a line of the log. */
const HOSTILE = [
  `CONNECT ${FORGERY}:443 HTTP/1.1\r\nHost: a\r\n\r\n`,
  `CONNECT ${inPercents}:443 HTTP/1.1\r\nHost: a\r\n\r\n`,
  `CONNECT evil.example:443 ${FORGERY} HTTP/1.1\r\nHost: a\r\n\r\n`,
  `CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\nUser-Agent: ${ON_ONE_LINE}\r\n\r\n`,
  `${FORGERY} http://evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n`,
  get(`http://${FORGERY}/`),
  get(`http://evil.example/${FORGERY}`),
  get(`http://evil.example/${inPercents}?${inPercents}`),
  get(`${inPercents}://evil.example/`),
  get('http://evil.example/', `X-A: ${FORGERY}`, `Host: ${FORGERY}`),
  get('http://evil.example/', `Proxy-Authorization: Basic ${inBase64}`, `Via: 1.1 ${ON_ONE_LINE}`),
];

/** A whole line of each format. */
const LINES: Readonly<Record<string, RegExp>> = {
  json: /^\{"level":"(?:info|warn)","time":"[^"]+","event":"[a-z-]+"[\x20-\x7e]*\}$/,
  pretty: /^\d\d:\d\d:\d\d (?:ALLOW|DENY {2}|CUT {2}|close|Proxy on|Stopp)[\x20-\x7e]*$/,
  squid:
    /^\d+\.\d{3} +\d+ unix TCP_[A-Z]+\/\d{3} \d+ [A-Z-]+ \S+ - (?:HIER_DIRECT\/127\.0\.0\.1|HIER_NONE\/-) -$/,
};
const BLOCKED = /^\d\d\/[A-Z][a-z]{2}\/\d{4}:[\d:]{8} \+0000 unix TCP_DENIED\/\d{3} [A-Z-]+ \S+ BLOCKED$/;

let origin: RawHttpOrigin;
beforeAll(async () => {
  origin = await rawHttpOrigin(() => Buffer.from(`HTTP/1.1 200 ${FORGERY}\r\nX-A: 1\r\n\r\n`, 'latin1'));
});
afterAll(() => origin.close());

/** A proxy that logs to a file in some format, and listens on a Unix socket, so that nobody needs to read its log. */
async function start(format: string): Promise<{
  readonly running: RunningProcess;
  readonly log: string;
  readonly blockedLog: string;
  say(bytes: string | Buffer): Promise<string>;
}> {
  const directory = untilTestEnds(await temporaryDirectory('logs'));
  const [socket, log, blockedLog] = [directory.join('s'), directory.join('log'), directory.join('blocked')];
  const words = [
    '--allowed-domains',
    `${HOST}:*`,
    '--allow-private',
    '127.0.0.1/32',
    '--host',
    `${HOST}=127.0.0.1`,
  ];
  const logging = ['--log', log, '--log-format', format, '--blocked-log', blockedLog];
  const running = untilTestEnds(
    await startProcess(
      process.execPath,
      [
        'apps/paude/src/main.ts',
        'proxy',
        '--listen',
        `unix:${socket}`,
        '--admin',
        'off',
        ...words,
        ...logging,
      ],
      { cwd: root, env: { PATH: process.env.PATH, HOME: directory.path } },
    ),
  );
  const say = (bytes: string | Buffer) =>
    within(
      new Promise<string>((resolve, reject) => {
        let answer = '';
        const client = connect({ path: socket }).setEncoding('latin1').on('error', reject);
        client.on('data', (text: string) => {
          answer += text;
          if (text.includes(' 200 Connection')) client.write(clientHello({ serverNames: [`\x1b"evil`] }));
        });
        client.on('end', () => resolve(answer));
        client.write(bytes, 'latin1');
      }),
      'an answer',
    );
  await eventually('the proxy to listen', () => say('\0').then(Boolean, () => false), { timeoutMs: 15_000 });
  return { running, log, blockedLog, say };
}

describe.each(Object.keys(LINES))('the log (%s)', (format) => {
  it('has lines of the proxy alone, whatever clients and targets say', async () => {
    const { running, log, blockedLog, say } = await start(format);
    const requests = [
      ...HOSTILE,
      get(`http://${HOST}:${origin.port}/${inPercents}`),
      `CONNECT ${HOST}:${origin.port} HTTP/1.1\r\nHost: a\r\n\r\n`,
    ];
    for (const bytes of requests) expect(await say(bytes)).toMatch(/^HTTP\/1\.1 [2345]\d\d /);
    expect(await running.stop()).toMatchObject({ code: 0 });

    const lines = (await readFile(log, 'latin1')).split('\n');
    expect(lines.pop()).toBe('');
    for (const line of lines) expect(line).toMatch(LINES[format] ?? /^$/);
    for (const line of lines) expect(line).not.toMatch(/ALLOW +CONNECT evil|decision":"allow".*evil/);
    // Each request has its line; what squid has none for are decisions that allow.
    expect(lines.length).toBeGreaterThan(requests.length);

    const blocked = (await readFile(blockedLog, 'latin1')).split('\n');
    expect(blocked.pop()).toBe('');
    for (const line of blocked) expect(line).toMatch(BLOCKED);
    expect(blocked.length).toBeGreaterThanOrEqual(HOSTILE.length);
    expect(running.stdout + running.stderr).not.toContain('evil');
  });
});
