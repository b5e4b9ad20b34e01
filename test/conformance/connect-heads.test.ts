import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TcpOrigin, tcpOrigin } from '../support/origins.ts';
import { rawConnect, statusOf } from '../support/raw-client.ts';
import { type Arena, openArena, refusalOf } from './arena.ts';

/** The target of every head below; what follows a head that is refused must not reach it either. */
const HOST = 'good.lab.example';

let arena: Arena;
let origin: TcpOrigin;
let opened = 0;
beforeAll(async () => {
  origin = await tcpOrigin((socket) => void socket.on('data', () => socket.end('answer')));
  arena = await openArena({
    words: [`${HOST}:*`],
    allowPrivate: ['127.0.0.1/32'],
    flags: ['--host', `${HOST}=127.0.0.1`],
  });
});
afterAll(async () => {
  expect(arena.dns.queries).toEqual([]);
  expect(origin.connections).toHaveLength(opened);
  await Promise.all([arena[Symbol.asyncDispose](), origin.close()]);
});

/** Where the bytes of a head come: a reader of our own has the first request, that of http.Server the later ones. */
const PLACES = ['first on its connection', 'after a plain request'] as const;
type Place = (typeof PLACES)[number];

/** How a head was judged; the reason is empty when a tunnel was opened. */
interface Verdict {
  readonly status: number;
  readonly reason: string;
  readonly detail: unknown;
}

/** Sends a head and, right behind it, a request that would be served if the head were taken to end elsewhere. */
async function judged(head: string, place: Place): Promise<Verdict> {
  await using connection = await rawConnect(arena.proxy);
  if (place === 'after a plain request') {
    await connection.send('GET http://evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await connection.readResponse()).status).toBe(403);
  }
  await connection.send(`${head}CONNECT ${HOST}:${origin.port} HTTP/1.1\r\nHost: a\r\n\r\n`);
  const answer = await connection.readHead();
  if (statusOf(answer) === 200) return { status: 200, reason: '', detail: undefined };
  const response = { status: statusOf(answer), head: answer, body: await connection.readBody(answer) };
  const { status, reason, event } = await refusalOf(arena, response);
  expect((await connection.readToEnd()).toString()).toBe('');
  return { status, reason, detail: event.detail };
}

const authority = () => `${HOST}:${origin.port}`;
const fields = (...lines: readonly string[]) =>
  [`CONNECT ${authority()} HTTP/1.1`, ...lines, '', ''].join('\r\n');
const startLine = (line: string) => `${line}\r\nHost: a\r\n\r\n`;
const to = (written: string) => startLine(`CONNECT ${written} HTTP/1.1`);
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: 1`);

const MALFORMED: readonly (readonly [string, () => string])[] = [
  ['no version', () => startLine(`CONNECT ${authority()}`)],
  ['no target', () => startLine('CONNECT  HTTP/1.1')],
  ['nothing but the method', () => startLine('CONNECT ')],
  ['a third part', () => startLine(`CONNECT ${authority()} evil.example:443 HTTP/1.1`)],
  ['a space behind the version', () => startLine(`CONNECT ${authority()} HTTP/1.1 `)],
  ['a tab behind the method', () => startLine(`CONNECT\t${authority()} HTTP/1.1`)],
  ['HTTP/2.0', () => startLine(`CONNECT ${authority()} HTTP/2.0`)],
  ['HTTP/1.2', () => startLine(`CONNECT ${authority()} HTTP/1.2`)],
  ['HTTP/1.10', () => startLine(`CONNECT ${authority()} HTTP/1.10`)],
  ['HTTP/01.1', () => startLine(`CONNECT ${authority()} HTTP/01.1`)],
  ['HTTP/0.9', () => startLine(`CONNECT ${authority()} HTTP/0.9`)],
  ['http in small letters', () => startLine(`CONNECT ${authority()} http/1.1`)],
  ['RTSP/1.0', () => startLine(`CONNECT ${authority()} RTSP/1.0`)],
  ['a small method', () => startLine(`connect ${authority()} HTTP/1.1`)],
  ['a space in front of the method', () => ` ${fields('Host: a')}`],
  ['a NUL in front of the method', () => `\0${fields('Host: a')}`],
  ['no Host', () => fields('X-A: 1')],
  ['no field', () => fields()],
  ['two Hosts', () => fields('Host: a', 'Host: a')],
  ['two Hosts in HTTP/1.0', () => `CONNECT ${authority()} HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n`],
  ['two credentials', () => fields('Host: a', 'Proxy-Authorization: x', 'proxy-authorization: x')],
  ['a space before a colon', () => fields('Host : a')],
  ['a tab before a colon', () => fields('Host: a', 'X-A\t: 1')],
  ['a folded field', () => fields('Host: a', ' b')],
  ['a field folded with a tab', () => fields('X-A: 1', '\t2', 'Host: a')],
  ['a value on the next line', () => fields('Host:', ' a')],
  ['a space in front of the first field', () => fields(' Host: a')],
  ['a line without a colon', () => fields('Host: a', 'X-A')],
  ['an empty name', () => fields('Host: a', ': 1')],
  ['a space in a name', () => fields('Host: a', 'X A: 1')],
  ['a quote in a name', () => fields('Host: a', 'X"A: 1')],
  ['a NUL in a name', () => fields('Host: a', 'X\0A: 1')],
  ['a byte above ASCII in a name', () => fields('Host: a', 'X-\xe9: 1')],
  ['a NUL in a value', () => fields('Host: a', 'X-A: 1\x002')],
  ['a DEL in a value', () => fields('Host: a', 'X-A: \x7f')],
  ['a form feed behind a value', () => fields('Host: a', 'X-A: 1\x0c')],
  ['a bare CR in a value', () => fields('Host: a', 'X-A: 1\rX-B: 2')],
  ['a bare LF in a value', () => fields('Host: a', 'X-A: 1\nX-B: 2')],
  ['CR CR LF', () => fields('Host: a\r')],
  ['LF alone behind the first line', () => `CONNECT ${authority()} HTTP/1.1\nHost: a\r\n\r\n`],
  ['LF alone at every line', () => `CONNECT ${authority()} HTTP/1.1\nHost: a\n\n`],
  ['LF alone at the end', () => `CONNECT ${authority()} HTTP/1.1\r\nHost: a\r\n\n`],
  ['CR alone at every line', () => `CONNECT ${authority()} HTTP/1.1\rHost: a\r\r`],
  ['a length', () => fields('Host: a', 'Content-Length: 5')],
  ['a length of 00', () => fields('Host: a', 'Content-Length: 00')],
  ['a length of +0', () => fields('Host: a', 'Content-Length: +0')],
  ['a length of -0', () => fields('Host: a', 'Content-Length: -0')],
  ['a length of nothing', () => fields('Host: a', 'Content-Length:')],
  ['a length of 0 and a no-break space', () => fields('Host: a', 'Content-Length: 0\xa0')],
  ['a length of 0 twice', () => fields('Host: a', 'Content-Length: 0', 'Content-Length: 0')],
  ['two lengths', () => fields('Host: a', 'Content-Length: 0', 'content-length: 5')],
  ['two lengths in one', () => fields('Host: a', 'Content-Length: 0, 0')],
  ['chunks', () => fields('Host: a', 'Transfer-Encoding: chunked')],
  ['chunks and a length of 0', () => fields('Host: a', 'Transfer-Encoding: chunked', 'Content-Length: 0')],
  ['no transfer coding by name', () => fields('Host: a', 'Transfer-Encoding:')],
  ['chunks in HTTP/1.0', () => `CONNECT ${authority()} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n`],
];

const NOT_A_TARGET = [
  ...['user@good.lab.example:443', 'good.lab.example:443@evil.example:443', 'good.lab.example:443/../x'],
  ...[
    'http://good.lab.example/',
    '/x',
    '*',
    'good.lab.example',
    'good.lab.example:',
    'good.lab.example:0443',
  ],
  ...['good.lab.example:443#', 'good.lab.example:443?', 'good.lab.example:80:80', 'good.lab.example:+80'],
  ...['good%2elab.example:443', 'good.lab.example%00:443', 'good..lab.example:443', '.:443', ':443'],
  ...['2130706433:443', '127.1:443', '0x7f.1:443', '[::1%25lo]:443', '[::1:443', '[good.lab.example]:443'],
  ...['a\\good.lab.example:443', '"good.lab.example":443', '{good}.lab.example:443', '*.lab.example:443'],
  ...[
    'good\0.lab.example:443',
    'good\x7f.lab.example:443',
    'good\t.lab.example:443',
    'good\r.lab.example:443',
  ],
  ...['good.lab.example:44\x003', 'g\xf6od.lab.example:443', 'g\xd0\xbeod.lab.example:443'],
];

const TOO_LARGE: readonly (readonly [string, () => string])[] = [
  ['101 fields', () => fields('Host: a', ...numbered(100))],
  ['a field of 20 kB', () => fields('Host: a', `X-A: ${'a'.repeat(20_000)}`)],
  ['a target of 20 kB', () => to(`${'a'.repeat(20_000)}:443`)],
];

const TAKEN: readonly (readonly [string, () => string])[] = [
  ['as it should be', () => fields(`Host: ${authority()}`)],
  ['with another Host: the target counts', () => fields('Host: evil.example')],
  ['with more than one space between the parts', () => startLine(`CONNECT   ${authority()}  HTTP/1.1`)],
  ['behind an empty line', () => `\r\n${fields('Host: a')}`],
  ['of HTTP/1.0 without a Host', () => `CONNECT ${authority()} HTTP/1.0\r\n\r\n`],
  ['with a length of 0', () => fields('Host: a', 'Content-Length: \t0 ')],
  ['with bytes above ASCII in a value', () => fields('Host: a', 'X-A: \xe9\xff')],
  ['with 100 fields', () => fields('Host: a', ...numbered(99))],
  [
    'with an upgrade that it does not get',
    () => fields('Host: a', 'Connection: Upgrade', 'Upgrade: websocket'),
  ],
  ['with h2c that it does not get', () => fields('Host: a', 'Connection: Upgrade', 'Upgrade: h2c')],
  ['with an expectation that nobody meets', () => fields('Host: a', 'Expect: 200-ok')],
];

describe.each(PLACES)('the head of a CONNECT, %s,', (place) => {
  it.each(MALFORMED)('is refused with %s, and nothing behind it is read', async (_what, head) => {
    expect(await judged(head(), place)).toMatchObject({ status: 400, reason: 'bad-request' });
  });

  it.each(NOT_A_TARGET)('is refused with the target %j', async (target) => {
    expect(await judged(to(target), place)).toMatchObject({ status: 400, reason: 'bad-target' });
  });

  it.each(TOO_LARGE)('is refused with %s', async (_what, head) => {
    expect(await judged(head(), place)).toMatchObject({ status: 431, reason: 'headers-too-large' });
  });

  it.each(TAKEN)('is taken %s', async (_what, head) => {
    expect((await judged(head(), place)).status).toBe(200);
    await origin.connection(opened++);
  });
});

describe('both readers of heads', () => {
  const lines =
    'Content-Length: 0|content-length:0 |Content-Length: 5|Transfer-Encoding: chunked|Host: b|Via: a';
  const moreLines = 'Proxy-Authorization: x|Connection: close|Upgrade: h2c|Expect: x|X-A: 1|X-A:|X-A|';
  const request = fc.record({
    target: fc.constantFrom('evil.example:443', '[::1]:443', 'evil.example:443 '),
    version: fc.constantFrom('HTTP/1.1', 'HTTP/1.0'),
    lines: fc.array(fc.constantFrom(...`${lines}|${moreLines}`.split('|')), { maxLength: 4 }),
    /** What is slipped in, half the time nothing, and where: a share of the length of the head. */
    odd: fc.oneof(
      fc.constant(''),
      fc.constantFrom(...'\r|\n|\r\n| |\t|\0|\x0b|\x7f|\xa0|:|,|0|"'.split('|')),
    ),
    place: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  const head = request.map(({ target, version, lines, odd, place }) => {
    const whole = [`CONNECT ${target} ${version}`, 'Host: a', ...lines, '', ''].join('\r\n');
    const at = 'CONNECT '.length + Math.floor(place * (whole.length - 'CONNECT '.length - 4));
    return `${whole.slice(0, at)}${odd}${whole.slice(at)}`;
  });

  it('judge whatever begins like a CONNECT alike', async () => {
    await fc.assert(
      fc.asyncProperty(head, async (bytes) => {
        const [first, later] = await Promise.all(PLACES.map((place) => judged(bytes, place)));
        expect(first?.status).toBe(later?.status);
        // Either way it leads nowhere: what is well-formed asks for a host that is denied.
        expect([400, 403]).toContain(first?.status);
      }),
      { numRuns: 400 },
    );
  });
});
