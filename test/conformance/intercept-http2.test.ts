import { constants } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { block, FLAG, FRAME, frame, framesIn, type Http2Frame, preface } from '../support/http2-frames.ts';
import { resourcesOf } from '../support/leaks.ts';
import { type OriginHandler, type SecureOrigin, secureOrigin } from '../support/origins.ts';
import { ask } from './http2-asking.ts';
import { HOST, type InterceptLab, KEY, openInterceptLab, STUB } from './intercept-lab.ts';

/** Answers with what it read; a request that was broken off is in `broken`. */
const echo: OriginHandler = (request, response) => {
  const chunks: Buffer[] = [];
  let isBroken = false;
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('aborted', () => {
    isBroken = true;
  });
  request.on('end', () => {
    if (isBroken) return;
    whole.push(Buffer.concat(chunks).toString());
    response.writeHead(200);
    response.end(Buffer.concat(chunks));
  });
};
/** Bodies of the requests that came whole. */
const whole: string[] = [];

let lab: InterceptLab;
let origin: SecureOrigin;
beforeAll(async () => {
  origin = await secureOrigin(echo, { names: [HOST] });
  lab = await openInterceptLab();
});
afterAll(async () => {
  expect(lab.arena.proxy.events({ event: 'defect' })).toEqual([]);
  await lab?.[Symbol.asyncDispose]();
  await origin?.close();
});

type Pair = readonly [name: string, value: string];
const there = () => `${HOST}:${origin.port}`;
const head = (method = 'POST', path = '/x'): Pair[] => [
  [':method', method],
  [':scheme', 'https'],
  [':path', path],
  [':authority', there()],
  ['x-api-key', STUB],
];
const post = (fields: readonly Pair[], flags: number = FLAG.endHeaders) =>
  frame(FRAME.headers, flags, 1, block([...head(), ...fields]));
const LAST = FLAG.endHeaders | FLAG.endStream;

/** Sends frames in a tunnel of their own. @returns what came back, and the tunnel's id. */
async function exchange(...frames: readonly Buffer[]): Promise<{ frames: Http2Frame[]; id: string }> {
  await using inside = await lab.open(origin, { protocol: 'h2' });
  const { connection } = inside;
  await connection.send(Buffer.concat([preface(), ...frames]));
  const isOver = () =>
    connection.ending !== 'open' ||
    framesIn(connection.received).some(
      ({ type, stream, flags }) =>
        type === FRAME.goAway ||
        (stream === 1 &&
          (type === FRAME.reset || (type !== FRAME.settings && (flags & FLAG.endStream) !== 0))),
    );
  await eventually('the end of the stream', isOver);
  return { frames: framesIn(connection.received), id: inside.id };
}

/** How the proxy ended stream 1, or all. */
function endOf(frames: readonly Http2Frame[]): readonly [kind: string, code: number] | undefined {
  const reset = frames.find(({ type }) => type === FRAME.reset);
  if (reset !== undefined) return ['stream', reset.payload.readUInt32BE(0)];
  const goAway = frames.find(({ type }) => type === FRAME.goAway);
  return goAway && ['connection', goAway.payload.readUInt32BE(4)];
}

const bodyOf = (frames: readonly Http2Frame[]) =>
  frames
    .filter(({ type }) => type === FRAME.data)
    .map(({ payload }) => payload.toString())
    .join('');

describe('fields over HTTP/2 that would be something else over HTTP/1.1', () => {
  it.each<[string, Pair]>([
    ['CR and LF in a value', ['x-a', 'a\r\nx-evil: 1']],
    ['a lone LF in a value', ['x-a', 'a\nx-evil: 1']],
    ['a NUL in a value', ['x-a', 'a\0x-evil']],
    ['CR and LF in a name', ['x-a\r\nx-evil', 'a']],
    ['a colon in a name', ['x-evil: x', 'a']],
    ['a space in a name', ['x-evil x', 'a']],
  ])('%s: the field does not go on', async (_, field) => {
    const { frames } = await exchange(post([field], LAST));
    expect(endOf(frames)).toBeUndefined();
    const { headers = {} } = origin.requests.at(-1) ?? {};
    expect(Object.keys(headers).filter((name) => name.startsWith('x-'))).toEqual(['x-api-key']);
    expect(JSON.stringify(headers)).not.toContain('evil');
    expect(headers['x-api-key']).toBe(KEY);
  });

  it.each<[string, () => readonly Buffer[]]>([
    ['a name in upper case', () => [post([['X-A', 'a']], LAST)]],
    ['connection', () => [post([['connection', 'close']], LAST)]],
    ['transfer-encoding', () => [post([['transfer-encoding', 'chunked']], LAST)]],
    ['upgrade', () => [post([['upgrade', 'h2c']], LAST)]],
    ['keep-alive', () => [post([['keep-alive', '5']], LAST)]],
    ['proxy-connection', () => [post([['proxy-connection', 'x']], LAST)]],
    ['te other than trailers', () => [post([['te', 'gzip']], LAST)]],
    [
      'two lengths',
      () => [
        post([
          ['content-length', '2'],
          ['content-length', '3'],
        ]),
        frame(FRAME.data, 1, 1, 'ab'),
      ],
    ],
    ['a length that is no number', () => [post([['content-length', '+2']]), frame(FRAME.data, 1, 1, 'ab')]],
    [
      'a body shorter than its length',
      () => [post([['content-length', '10']]), frame(FRAME.data, 1, 1, 'short')],
    ],
    ['a second path', () => [post([[':path', '/y']], LAST)]],
    [
      'a pseudo-field behind a field',
      () => [
        post(
          [
            ['x', 'y'],
            [':authority', 'evil.example'],
          ],
          LAST,
        ),
      ],
    ],
    [
      'a pseudo-field that nobody knows',
      () => [frame(FRAME.headers, LAST, 1, block([...head().slice(0, 4), [':x', 'y']]))],
    ],
    [
      'a pseudo-field of responses',
      () => [frame(FRAME.headers, LAST, 1, block([...head().slice(0, 4), [':status', '200']]))],
    ],
    ['a method with a space', () => [frame(FRAME.headers, LAST, 1, block(head('GE T')))]],
    ['a path with a space', () => [frame(FRAME.headers, LAST, 1, block(head('GET', '/a b')))]],
    ['an empty path', () => [frame(FRAME.headers, LAST, 1, block(head('GET', '')))]],
    ['no host at all', () => [frame(FRAME.headers, LAST, 1, block(head().slice(0, 3)))]],
    [
      'two hosts',
      () => [
        frame(FRAME.headers, LAST, 1, block([...head().slice(0, 3), ['host', there()], ['host', 'evil']])),
      ],
    ],
    [
      'an extended CONNECT',
      () => [
        frame(FRAME.headers, LAST, 1, block([...head('CONNECT').slice(0, 4), [':protocol', 'websocket']])),
      ],
    ],
    [
      'a pseudo-field in trailers',
      () => [
        post([]),
        frame(FRAME.data, 0, 1, 'abc'),
        frame(FRAME.headers, LAST, 1, block([[':path', '/y']])),
      ],
    ],
  ])('%s: the stream is reset, and the origin gets no whole request', async (_, sent) => {
    const before = whole.length;
    const { frames } = await exchange(...sent());
    expect(endOf(frames)).toEqual(['stream', constants.NGHTTP2_PROTOCOL_ERROR]);
    expect(whole.length).toBe(before);
  });

  it('a body longer than its length ends the connection, and the origin gets no whole request', async () => {
    const before = whole.length;
    const { frames, id } = await exchange(post([['content-length', '2']]), frame(FRAME.data, 1, 1, 'longer'));
    expect(endOf(frames)?.[0]).toMatch(/connection|stream/);
    await lab.arena.audit.waitFor({ event: 'close', id });
    expect(whole.length).toBe(before);
  });

  it('a second field of a kind that stands alone is a bad request', async () => {
    const before = whole.length;
    const { frames } = await exchange(
      post(
        [
          ['content-type', 'a/b'],
          ['content-type', 'c/d'],
        ],
        LAST,
      ),
    );
    expect(bodyOf(frames)).toContain('Reason: bad-request');
    expect(whole.length).toBe(before);
  });

  it('trailers that cannot go on break the request off', async () => {
    const before = whole.length;
    const trailers = block([
      ['etag', 'a'],
      ['etag', 'b'],
    ]);
    const { frames } = await exchange(
      post([]),
      frame(FRAME.data, 0, 1, 'abc'),
      frame(FRAME.headers, LAST, 1, trailers),
    );
    expect(bodyOf(frames)).toContain('Reason: target-reset');
    expect(whole.length).toBe(before);
  });

  it('a request that the client resets midway never reaches the origin as a whole one', async () => {
    for (const code of [
      constants.NGHTTP2_NO_ERROR,
      constants.NGHTTP2_CANCEL,
      constants.NGHTTP2_REFUSED_STREAM,
    ]) {
      const before = whole.length;
      await using inside = await lab.open(origin, { protocol: 'h2' });
      await inside.connection.send(
        Buffer.concat([
          preface(),
          post([]),
          frame(FRAME.data, 0, 1, 'abc'),
          frame(FRAME.reset, 0, 1, Buffer.from([0, 0, 0, code])),
        ]),
      );
      const event = await lab.arena.audit.waitFor({ event: 'close', tunnel: inside.id });
      expect(event).toMatchObject({ reason: 'client-closed', status: 499 });
      expect(whole.length).toBe(before);
    }
  });

  it('CONNECT is refused with 405, whatever it names', async () => {
    const fields: Pair[] = [
      [':method', 'CONNECT'],
      [':authority', there()],
    ];
    const { frames } = await exchange(frame(FRAME.headers, LAST, 1, block(fields)));
    expect(bodyOf(frames)).toContain('Reason: method-not-supported');
  });

  it.each(['TRACE', 'trace', 'Track'])(
    '%s is refused: its answer would be the credential',
    async (method) => {
      const before = whole.length;
      const { frames } = await exchange(frame(FRAME.headers, LAST, 1, block(head(method))));
      expect(bodyOf(frames)).toMatch(/method-not-supported|endpoint-closed/);
      expect(whole.length).toBe(before);
    },
  );
});

describe('a client that uses HTTP/2 to wear the proxy out', () => {
  it('by CONTINUATION without end loses its connection', async () => {
    const flood = Array.from({ length: 1000 }, () => frame(FRAME.continuation, 0, 1, block([['x', 'y']])));
    const { frames, id } = await exchange(frame(FRAME.headers, 0, 1, block(head())), ...flood);
    expect(endOf(frames)?.[0]).toBe('connection');
    expect(await lab.arena.audit.waitFor({ event: 'close', id })).toMatchObject({ reason: 'bad-request' });
  });

  it('by a list of fields over the limit is answered 431', async () => {
    const fields: Pair[] = [['x-a', 'a'.repeat(9000)]];
    const more = block([['x-b', 'b'.repeat(9000)]]);
    const { frames } = await exchange(
      post(fields, FLAG.endStream),
      frame(FRAME.continuation, FLAG.endHeaders, 1, more),
    );
    expect(bodyOf(frames)).toContain('Reason: headers-too-large');
  });

  it('by very many fields has its stream reset', async () => {
    const fields = Array.from({ length: 400 }, (_, index): Pair => [`x${index}`, '1']);
    const { frames } = await exchange(post(fields, LAST));
    expect(endOf(frames)).toEqual(['stream', constants.NGHTTP2_ENHANCE_YOUR_CALM]);
  });

  it.each<[string, () => Buffer[]]>([
    [
      'resets of streams that it has just opened',
      () =>
        Array.from({ length: 5000 }, (_, index) => [
          frame(FRAME.headers, LAST, index * 2 + 1, block(head('GET'))),
          frame(FRAME.reset, 0, index * 2 + 1, Buffer.from([0, 0, 0, 8])),
        ]).flat(),
    ],
    [
      'settings',
      () =>
        Array.from({ length: 20_000 }, () => frame(FRAME.settings, 0, 0, Buffer.from([0, 4, 0, 1, 0, 0]))),
    ],
    ['pings', () => Array.from({ length: 20_000 }, () => frame(FRAME.ping, 0, 0, Buffer.alloc(8)))],
    ['empty data', () => [post([]), ...Array.from({ length: 50_000 }, () => frame(FRAME.data, 0, 1))]],
  ])('by %s costs nobody else anything', async (_, flood) => {
    const before = await resourcesOf(lab.arena.proxy.pid);
    await using inside = await lab.open(origin, { protocol: 'h2' });
    // It does not read what comes back, either.
    inside.tls.pause();
    await Promise.race([
      inside.connection.send(Buffer.concat([preface(), ...flood()])).catch(() => undefined),
      new Promise((resolve) => setTimeout(resolve, 2000)),
    ]);
    await using other = await lab.openHttp2(origin);
    const { status } = await ask(other.session, { ':authority': there(), 'x-api-key': STUB });
    expect(status).toBe(200);
    const after = await resourcesOf(lab.arena.proxy.pid);
    expect(after.rssBytes - before.rssBytes).toBeLessThan(80 * 1_048_576);
  });

  it('by more streams at a time than there may be has them refused', async () => {
    await using inside = await lab.open(origin, { protocol: 'h2' });
    const streams = Array.from({ length: 160 }, (_, index) =>
      frame(FRAME.headers, FLAG.endHeaders, index * 2 + 1, block(head())),
    );
    await inside.connection.send(Buffer.concat([preface(), ...streams]));
    const refused = () =>
      framesIn(inside.connection.received).filter(
        ({ type, payload }) =>
          type === FRAME.reset && payload.readUInt32BE(0) === constants.NGHTTP2_REFUSED_STREAM,
      ).length;
    await eventually('the streams over the limit to be refused', () => refused() === 160 - 128);
  });
});

describe('many requests at once over HTTP/2', () => {
  it('share one connection to the target, from the first on', async () => {
    const own = await secureOrigin(undefined, { names: [HOST] });
    await using inside = await lab.openHttp2(own);
    const authority = `${HOST}:${own.port}`;
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        ask(inside.session, { ':authority': authority, ':path': `/${index}`, 'x-api-key': STUB }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(own.connectionCount).toBe(1);
    expect(own.requests.every(({ headers }) => headers['x-api-key'] === KEY)).toBe(true);
    await own.close();
  });
});
