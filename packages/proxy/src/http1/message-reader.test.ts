import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFraming } from './body-framing.ts';
import { parseRequestHead, parseResponseHead } from './message-head.ts';
import { type MessageListener, MessageReader } from './message-reader.ts';

interface Seen {
  /** One entry a message: its first line, its body and its trailers. */
  readonly messages: { line: string; body: string; trailers?: readonly (readonly [string, string])[] }[];
  fault: string | undefined;
}

const MAX_HEAD_BYTES = 400;

/** Reads bytes in these pieces; the pieces are spoilt afterwards, since they are only lent. */
function read(pieces: readonly (string | Buffer)[], kind: 'request' | 'response' = 'request'): Seen {
  const seen: Seen = { messages: [], fault: undefined };
  const listener: MessageListener = {
    onHead(text) {
      const head = kind === 'request' ? parseRequestHead(text) : parseResponseHead(text);
      const reading = 'fault' in head ? { fault: head.detail } : readFraming(head.fields, '1.1', 0);
      if ('fault' in reading) {
        seen.fault = reading.fault;
        return undefined;
      }
      seen.messages.push({ line: text.slice(0, text.indexOf('\r\n')), body: '' });
      return reading.framing;
    },
    onBody(bytes) {
      const message = seen.messages.at(-1);
      if (message !== undefined) message.body += bytes.toString('latin1');
    },
    onMessageEnd(trailers) {
      const message = seen.messages.at(-1);
      if (message !== undefined) message.trailers = trailers;
    },
    onMalformed(fault) {
      expect(seen.fault).toBeUndefined();
      seen.fault = `${fault.fault}: ${fault.detail}`;
    },
  };
  const reader = new MessageReader(listener, { kind, maxHeadBytes: MAX_HEAD_BYTES });
  for (const piece of pieces) {
    const lent = Buffer.from(piece as string, 'latin1');
    reader.push(lent);
    lent.fill('~');
  }
  return seen;
}

/** Cuts bytes at these places. */
function cut(text: string, places: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => Buffer.from(bytes.subarray(at[index], end)));
}

const CHUNKED = 'POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const PLAIN = 'GET /g HTTP/1.1\r\nHost: a\r\n\r\n';

describe('MessageReader', () => {
  it('reads one message after another, however the bytes are cut', () => {
    const message = fc.oneof(
      fc.constantFrom(PLAIN, `\r\n${PLAIN}`, 'HEAD / HTTP/1.0\r\n\r\n'),
      fc.string({ maxLength: 30 }).map((text) => {
        const body = Buffer.from(text).toString('latin1');
        return `PUT /l HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      }),
      fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 4 }).map((texts) => {
        const chunks = texts.map((text) => Buffer.from(text).toString('latin1'));
        const lines = chunks.map((chunk) => `${chunk.length.toString(16)};x="y"\r\n${chunk}\r\n`);
        return `${CHUNKED}${lines.join('')}0\r\nX-T: 1\r\nX-U:  2\r\n\r\n`;
      }),
      // Also what is wrong is wrong in the same way.
      fc.constantFrom(
        `${CHUNKED}5\nhello\r\n`,
        `${CHUNKED}5\r\nhello!\r\n`,
        'GET / HTTP/1.1\r\nA : b\r\n\r\n',
      ),
      fc.constantFrom(`${CHUNKED}0\r\nA: b\nC: d\r\n\r\n`, 'GET / HTTP/1.1\nA: b\r\n\r\n', `${PLAIN}\rX`),
    );
    const stream = fc.array(message, { minLength: 1, maxLength: 4 }).map((all) => all.join(''));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), (text, places) => {
        const whole = read([Buffer.from(text, 'latin1')]);
        const parts = read(cut(text, places));
        // A fault may be told by another rule when the line is not whole yet; what was read before it may not differ.
        expect(parts.messages.map(({ line, trailers }) => [line, trailers])).toEqual(
          whole.messages.map(({ line, trailers }) => [line, trailers]),
        );
        expect(parts.fault === undefined).toBe(whole.fault === undefined);
        if (whole.fault === undefined) expect(parts).toEqual(whole);
      }),
      { numRuns: 1500 },
    );
  });

  it('reads a message byte by byte', () => {
    const text = `${PLAIN}${CHUNKED}5\r\nhello\r\n0\r\nA: b\r\n\r\n${PLAIN}`;
    expect(read([...text])).toEqual(read([text]));
    expect(read([text]).messages).toEqual([
      { line: 'GET /g HTTP/1.1', body: '', trailers: [] },
      { line: 'POST /c HTTP/1.1', body: 'hello', trailers: [['A', 'b']] },
      { line: 'GET /g HTTP/1.1', body: '', trailers: [] },
    ]);
  });

  it.each<[string, string, string]>([
    ['a size that is no number', 'x\r\nhello\r\n', 'size of a chunk'],
    ['a size behind a space', ' 5\r\nhello\r\n', 'size of a chunk'],
    ['a size in front of a space', '5 \r\nhello\r\n', 'size of a chunk'],
    ['a size with a sign', '+5\r\nhello\r\n', 'size of a chunk'],
    ['a size in 0x', '0x5\r\nhello\r\n', 'size of a chunk'],
    ['an empty size', '\r\nhello\r\n', 'size of a chunk'],
    ['a size of 2^64', '10000000000000000\r\nhello\r\n', 'size of a chunk'],
    ['a bare LF behind the size', '5\nhello\r\n', 'size of a chunk'],
    ['a bare CR behind the size', '5\rhello\r\n', 'size of a chunk'],
    ['a bare LF in an extension', '5;a\n\r\nhello\r\n', 'size of a chunk'],
    ['data longer than the size', '5\r\nhello!\r\n', 'does not end where'],
    ['data shorter than the size', '5\r\nhell\r\n0\r\n\r\n', 'does not end where'],
    ['a bare LF behind the data', '5\r\nhello\n0\r\n\r\n', 'does not end where'],
    ['a bare CR behind the data', '5\r\nhello\r0\r\n\r\n', 'does not end where'],
    ['an endless extension', `5;${'a'.repeat(1100)}`, 'too long a line'],
    ['too many extensions', `5;${'a'.repeat(900)}\r\nhello\r\n`.repeat(20), 'too many extensions'],
    ['a trailer that is folded', '0\r\nA: b\r\n c\r\n\r\n', 'folded'],
    ['a trailer without a colon', '0\r\nA\r\n\r\n', 'no colon'],
    ['a trailer with a bare LF', '0\r\nA: b\n\r\n\r\n', 'CR or LF alone'],
    ['trailers that do not end', `0\r\nA: ${'b'.repeat(500)}`, 'trailers over 400 bytes'],
  ])('refuses %s, whole and byte by byte', (_, body, why) => {
    const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';
    for (const pieces of [[CHUNKED + body + hidden], [...(CHUNKED + body + hidden)]]) {
      const { fault, messages } = read(pieces);
      expect(fault).toContain(why);
      expect(messages.length).toBe(1);
      expect(messages[0]?.trailers).toBeUndefined();
    }
  });

  it.each<[string, string, 'request' | 'response', string]>([
    ['a bare LF', 'GET / HTTP/1.1\n', 'request', 'CR or LF alone'],
    ['a bare CR', 'GET / HTTP/1.1\r\nA: b\rX', 'request', 'CR or LF alone'],
    ['a LF for the empty line', 'GET / HTTP/1.1\r\nA: b\r\n\n', 'request', 'CR or LF alone'],
    ['TLS', '\x16\x03\x01\x02\x00\x01', 'request', 'request line'],
    ['a version of the future', 'GET / HTTP/9.9\r\n', 'request', 'version'],
    ['SSH', 'SSH-2.0-x', 'response', 'no response'],
    ['a later HTTP', 'HTTP/2 200', 'response', 'no response'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n', 'response', 'no response'],
  ])('waits for no end of a head that begins with %s', (_, text, kind, why) => {
    expect(read([text], kind).fault).toContain(why);
    expect(read([...text], kind).fault).toContain(why);
  });

  it('holds heads to their limit, to the byte', () => {
    const head = (bytes: number) => {
      const rest = 'GET / HTTP/1.1\r\nA: \r\n\r\n'.length;
      return `GET / HTTP/1.1\r\nA: ${'b'.repeat(bytes - rest)}\r\n\r\n`;
    };
    for (const pieces of [[head(MAX_HEAD_BYTES)], [...head(MAX_HEAD_BYTES)]])
      expect(read(pieces)).toMatchObject({ fault: undefined, messages: [{ trailers: [] }] });
    for (const pieces of [[head(MAX_HEAD_BYTES + 1)], [...head(MAX_HEAD_BYTES + 1)]])
      expect(read(pieces)).toEqual({ fault: 'headers-too-large: over 400 bytes', messages: [] });
  });

  it('reads nothing behind a fault', () => {
    const seen = read([`GET / HTTP/1.1\r\nA b\r\n\r\n${PLAIN}`, PLAIN]);
    expect(seen.messages).toEqual([]);
    expect(seen.fault).toContain('no colon');
  });
});

describe('a MessageReader that is paused', () => {
  it('keeps what comes, tells it when it is resumed, and can be paused by whoever it tells', () => {
    const told: string[] = [];
    const reader = new MessageReader(
      {
        onHead(text) {
          told.push(text.slice(0, text.indexOf('\r\n')));
          return 2;
        },
        onBody: (bytes) => void told.push(bytes.toString()),
        onMessageEnd() {
          told.push('end');
          reader.pause();
        },
        onMalformed: ({ detail }) => void told.push(detail),
      },
      { kind: 'request', maxHeadBytes: 1000 },
    );
    reader.pause();
    reader.push(Buffer.from('GET /1 HTTP/1.1\r\n\r'));
    reader.push(Buffer.from('\nabGET /2 HTTP/1.1\r\n\r\nc'));
    expect([told, reader.waitingBytes]).toEqual([[], 41]);
    reader.resume();
    expect(told).toEqual(['GET /1 HTTP/1.1', 'ab', 'end']);
    expect(reader.isBetweenMessages).toBe(false);
    reader.resume();
    expect(told.slice(3)).toEqual(['GET /2 HTTP/1.1', 'c']);
    reader.push(Buffer.from('d'));
    expect([told.slice(5), reader.isBetweenMessages]).toEqual([['d', 'end'], true]);
    reader.stop();
    reader.resume();
    reader.push(Buffer.from(PLAIN));
    expect([told.length, reader.waitingBytes]).toEqual([7, 0]);
  });

  it('tells the end of an empty body when it is resumed, though no byte comes', () => {
    let hasEnded = false;
    const reader = new MessageReader(
      {
        onHead() {
          reader.pause();
          return 0;
        },
        onBody: () => undefined,
        onMessageEnd() {
          hasEnded = true;
        },
        onMalformed: () => undefined,
      },
      { kind: 'response', maxHeadBytes: 1000 },
    );
    reader.push(Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'));
    expect(hasEnded).toBe(false);
    reader.resume();
    expect(hasEnded).toBe(true);
  });
});

it('what waits byte by byte takes little more memory than its bytes', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const used = async () => {
    // Buffers are let go of behind a collection's back.
    for (let round = 0; round < 3; round++) {
      collect();
      await sleep(20);
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const nobody: MessageListener = {
    onHead: () => 0,
    onBody: () => undefined,
    onMessageEnd: () => undefined,
    onMalformed: () => undefined,
  };
  const readers = Array.from({ length: 4 }, () => {
    const reader = new MessageReader(nobody, { kind: 'request', maxHeadBytes: 16_384 });
    reader.pause();
    return reader;
  });
  const before = await used();
  for (const reader of readers) {
    for (let count = 0; count < 65_536; count++) reader.push(Buffer.from('a'));
  }
  const taken = (await used()) - before;
  expect(readers.map(({ waitingBytes }) => waitingBytes)).toEqual([65_536, 65_536, 65_536, 65_536]);
  expect(taken).toBeLessThan(10_000_000);
});
