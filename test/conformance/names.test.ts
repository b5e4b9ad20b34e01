import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TcpOrigin, tcpOrigin } from '../support/origins.ts';
import { type Arena, openArena, refusedConnect, refusedGet } from './arena.ts';

let arena: Arena;
let origin: TcpOrigin;

beforeAll(async () => {
  origin = await tcpOrigin((socket) => socket.end());
  const everything = { a: [origin.host] };
  arena = await openArena({
    words: [`good.example:${origin.port}`, `.tree.example:${origin.port}`, `*.one.example:${origin.port}`],
    allowPrivate: ['127.0.0.0/8'],
    // All of these exist: were one of them let through, it would be looked up, dialled and reach the origin.
    zone: Object.fromEntries(
      ['good.example', 'evil.example', 'tree.example', 'evilgood.example'].map((name) => [name, everything]),
    ),
  });
});

afterAll(async () => {
  expect(arena.dns.queries).toEqual([]);
  expect(origin.connections).toHaveLength(0);
  await arena[Symbol.asyncDispose]();
  await origin.close();
});

const LOOK_ALIKES = [
  'evilgood.example',
  'good.example.evil.example',
  'good-example',
  'good.examplee',
  'ood.example',
  'xgood.example',
  'sub.good.example',
  'example',
  'good',
  'eviltree.example',
  'tree.example.evil.example',
  'tree-example',
  'ree.example',
  'one.example',
  'a.b.one.example',
  'evilone.example',
  '_good.example',
  'good_.example',
  'go--od.example',
  'goo0d.example',
  'g00d.example',
  'xn--god-xqa.example',
  'xn--80ak6aa92e.example',
  'xn--gd-fmcb.example',
];

const MALFORMED = [
  ['two trailing dots', 'good.example..'],
  ['a leading dot', '.good.example'],
  ['an empty label', 'good..example'],
  ['an encoded dot', 'good%2eexample'],
  ['an encoded NUL', 'good.example%00'],
  ['an encoded NUL in front of another name', 'evil.example%00.good.example'],
  ['an encoded slash', 'good.example%2f.evil.example'],
  ['an encoded @', 'good.example%40evil.example'],
  ['an encoded letter', '%67ood.example'],
  ['userinfo', 'user@good.example'],
  ['userinfo that is a host', 'good.example@evil.example'],
  ['userinfo with a password', 'user:pw@good.example'],
  ['a wildcard', '*.tree.example'],
  ['a comma', 'evil.example,good.example'],
  ['a semicolon', 'evil.example;good.example'],
  ['a leading hyphen', '-good.example'],
  ['a hyphen at a label’s end', 'good-.example'],
  ['punycode that decodes to ASCII', 'xn--good-.example'],
  ['punycode that decodes to nothing', 'xn--.example'],
  ['punycode that does not decode', 'xn--\x61\x61\x61\x61999999999.example'],
  ['a label of 64 characters', `${'a'.repeat(64)}.tree.example`],
  ['a name of 254 characters', `${'a.'.repeat(120)}aa.tree.example`],
  ['a name of 9,000 characters', `${'a'.repeat(9000)}.tree.example`],
  ['a name of dots', '...'],
  ['nothing', ''],
  ['brackets around a name', '[good.example]'],
  ['a backslash', 'evil.example\\.good.example'],
  ['a fragment', 'evil.example#.good.example'],
  ['braces', '{good,evil}.example'],
  ['quotes', '"good.example"'],
  ['a NUL', 'good.example\0'],
  ['a NUL and another name', 'good.example\0.evil.example'],
  ['a DEL', 'good.example\x7f'],
  ['an escape', 'good\x1b.example'],
  ['a bell', 'good\x07.example'],
  ['a full-width dot (UTF-8)', 'good\xef\xbc\x8eexample'],
  ['an ideographic full stop (UTF-8)', 'good\xe3\x80\x82example'],
  ['a Cyrillic o (UTF-8)', 'g\xd0\xbeod.example'],
  ['full-width letters (UTF-8)', '\xef\xbd\x87ood.example'],
  ['a zero-width space (UTF-8)', 'good\xe2\x80\x8b.example'],
  ['a soft hyphen (Latin-1)', 'go\xadod.example'],
  ['an ordinal that folds to o (Latin-1)', 'go\xbad.example'],
  ['a no-break space (Latin-1)', 'good.example\xa0'],
  ['a byte that is no UTF-8', 'good\xff.example'],
] as const;

describe('a name that only looks allowed is refused, and never looked up', () => {
  it.each(LOOK_ALIKES)('CONNECT %s', async (name) => {
    const refusal = await refusedConnect(arena, `${name}:${origin.port}`);
    expect([refusal.status, refusal.reason]).toEqual([403, 'not-listed']);
    expect(refusal.event).toMatchObject({ event: 'decision', host: name, port: origin.port });
  });

  it.each(LOOK_ALIKES)('GET http://%s', async (name) => {
    const refusal = await refusedGet(arena, `http://${name}:${origin.port}/`);
    expect([refusal.status, refusal.reason]).toEqual([403, 'not-listed']);
    expect(refusal.event).toMatchObject({ host: name, method: 'GET' });
  });
});

describe('a name that can be read in two ways is refused, whatever it resembles', () => {
  it.each(MALFORMED)('CONNECT with %s', async (_what, name) => {
    const refusal = await refusedConnect(arena, `${name}:${origin.port}`);
    expect([refusal.status, refusal.reason]).toEqual([400, 'bad-target']);
    expect(refusal.event).toMatchObject({ host: '', port: 0 });
  });

  it.each(MALFORMED)('GET with %s', async (_what, name) => {
    const refusal = await refusedGet(arena, `http://${name}:${origin.port}/`);
    expect([refusal.status, refusal.reason]).toEqual([400, 'bad-target']);
  });

  it.each([
    ['a space', 'good.example evil.example', 'bad-request', ''],
    ['a tab', 'good.example\tevil.example', 'bad-target', ''],
    ['a CR', 'good.example\revil.example', 'bad-target', ''],
    ['an LF', 'good.example\nevil.example', 'bad-request', ''],
    [
      'a line of its own',
      'good.example:1 HTTP/1.1\r\nHost: a\r\n\r\nCONNECT evil.example',
      'port-not-allowed',
      'good.example',
    ],
  ])('CONNECT with %s: what follows is never a target', async (_what, name, reason, host) => {
    const before = arena.audit.events({ event: 'decision' }).length;
    const refusal = await refusedConnect(arena, `${name}:${origin.port}`);
    expect([refusal.reason, refusal.event.host]).toEqual([reason, host]);
    expect(arena.audit.events({ event: 'decision' })).toHaveLength(before + 1);
  });

  it.each([
    ['a path', 'http://good.example/.evil.example', 'good.example', 'port-not-allowed'],
    ['a query', 'http://evil.example?.good.example', 'evil.example', 'not-listed'],
    ['a second authority', 'http://evil.example//good.example', 'evil.example', 'not-listed'],
  ])('GET: the host ends before %s', async (_what, url, host, reason) => {
    const refusal = await refusedGet(arena, url);
    expect([refusal.event.host, refusal.reason]).toEqual([host, reason]);
  });
});

describe('a port that a rule does not name is refused', () => {
  it.each([1, 22, 25, 53, 80, 443, 3306, 6443, 65_535])('CONNECT to port %i', async (port) => {
    const refusal = await refusedConnect(arena, `good.example:${port}`);
    expect([refusal.status, refusal.reason]).toEqual([403, 'port-not-allowed']);
    expect(refusal.event).toMatchObject({ host: 'good.example', port, rule: `good.example:${origin.port}` });
  });

  it.each([
    ...['', '0', '00080', '65536', '99999999999', '-1', '+80', '0x50', '8e1', 'http', '80:80', '80@', '80/'],
    ...['80?', '80#', '80%20', '80,443', '80.', '.80', '\x0880', '80\0'],
  ])('CONNECT to port %j is no target at all', async (port) => {
    const refusal = await refusedConnect(arena, `good.example:${port}`);
    expect([refusal.status, refusal.reason]).toEqual([400, 'bad-target']);
  });

  it('CONNECT without a port is no target at all', async () => {
    expect((await refusedConnect(arena, 'good.example')).reason).toBe('bad-target');
  });
});
