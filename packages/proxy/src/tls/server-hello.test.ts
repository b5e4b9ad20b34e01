import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, records } from '../../../../test/support/client-hello.ts';
import { ServerHelloReader } from './server-hello.ts';

const RETRY_RANDOM = createHash('sha256').update('HelloRetryRequest').digest();
const WARNING = Buffer.from([21, 3, 3, 0, 2, 1, 112]);

/** A ServerHello with this random, and a certificate's worth of bytes behind it. */
function serverHello(random: Buffer, fragmentBytes = 16_384): Buffer {
  const message = Buffer.concat([Buffer.from([2, 0, 1, 0, 3, 3]), random, Buffer.alloc(222)]);
  return Buffer.concat(records(message, { fragmentBytes, version: 0x0303 }));
}

function answerTo(pieces: readonly Buffer[]): string {
  const reader = new ServerHelloReader();
  for (const piece of pieces) {
    const answer = reader.push(piece);
    if (answer !== undefined) return answer;
  }
  return 'pending';
}

describe('ServerHelloReader', () => {
  it.each([
    ['a ServerHello', serverHello(randomBytes(32)), 'hello'],
    ['a HelloRetryRequest', serverHello(RETRY_RANDOM), 'retry'],
    ['a random that is nearly that of a retry', serverHello(Buffer.from(RETRY_RANDOM).fill(0, 31)), 'hello'],
    ['a warning and a ServerHello', Buffer.concat([WARNING, serverHello(randomBytes(32))]), 'hello'],
    [
      'a warning and a HelloRetryRequest',
      Buffer.concat([WARNING, WARNING, serverHello(RETRY_RANDOM)]),
      'retry',
    ],
    ['another handshake message', serverHello(randomBytes(32)).fill(0, 5, 6), 'unreadable'],
    ['application data', Buffer.concat(records(Buffer.alloc(50), { contentType: 23 })), 'unreadable'],
    ['plain text', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'unreadable'],
    ['warnings without end', Buffer.concat(Array.from({ length: 200 }, () => WARNING)), 'unreadable'],
    ['a warning alone', WARNING, 'pending'],
    ['nothing', Buffer.alloc(0), 'pending'],
  ])('reads %s', (_what, bytes, expected) => {
    expect(answerTo([bytes])).toBe(expected);
  });

  it('reads the same however it is cut, into records and into pieces', () => {
    const size = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.integer({ min: 10, max: 300 }),
        size,
        (retry, fragmentBytes, pieceBytes) => {
          const bytes = serverHello(retry ? RETRY_RANDOM : randomBytes(32), fragmentBytes);
          expect(answerTo(cut(bytes, pieceBytes))).toBe(retry ? 'retry' : 'hello');
        },
      ),
    );
  });

  it('never throws, and never takes for a ServerHello what has none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(['unreadable', 'pending']).toContain(answerTo([Buffer.from(bytes)]));
      }),
    );
  });
});
