import http from 'node:http';
import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framingFault } from '../forward/fields.ts';
import { readFraming } from './body-framing.ts';
import { parseRequestHead } from './message-head.ts';
import { MessageReader } from './message-reader.ts';

interface Read {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly string[];
  body: string;
  trailers: readonly string[];
}

interface Reading {
  readonly whole: readonly Read[];
  readonly isMalformed: boolean;
}

/** What the reader makes of bytes: requests that are whole, and whether something was wrong. */
function ours(text: string): Reading {
  const begun: Read[] = [];
  const whole: Read[] = [];
  let isMalformed = false;
  const reader = new MessageReader(
    {
      onHead(head) {
        const request = parseRequestHead(head);
        const reading = 'fault' in request ? { fault: '' } : readFraming(request.fields, request.version, 0);
        // Behind the reader, as before it in Node: a target is a path, or names one.
        const isPath = 'target' in request && request.target.startsWith('/');
        if ('fault' in reading || 'fault' in request || !isPath) {
          isMalformed = true;
          return undefined;
        }
        const { method, target, fields } = request;
        begun.push({ method, target, fields: fields.flat(), body: '', trailers: [] });
        return reading.framing;
      },
      onBody(bytes) {
        const request = begun.at(-1);
        if (request !== undefined) request.body += bytes.toString('latin1');
      },
      onMessageEnd(trailers) {
        const request = begun.at(-1);
        if (request === undefined) return;
        request.trailers = trailers.flat();
        whole.push(request);
      },
      onMalformed() {
        isMalformed = true;
      },
    },
    { kind: 'request', maxHeadBytes: 16_384 },
  );
  reader.push(Buffer.from(text, 'latin1'));
  return { whole, isMalformed };
}

/** The same of Node's strict parser, with the checks that plain requests are held to behind it. */
async function nodes(text: string): Promise<Reading> {
  const whole: Read[] = [];
  let isMalformed = false;
  const server = http.createServer({ insecureHTTPParser: false, requireHostHeader: false });
  server.maxHeadersCount = 0;
  const serve = (request: http.IncomingMessage, response: http.ServerResponse) => {
    const { method = '', url: target = '', rawHeaders: fields } = request;
    const isRefused = framingFault(fields, request.httpVersion) !== undefined;
    isMalformed ||= isRefused;
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1');
    });
    request.on('end', () => {
      if (!isRefused) whole.push({ method, target, fields, body, trailers: request.rawTrailers });
      response.end();
    });
  };
  server.on('request', serve);
  server.on('checkContinue', serve);
  server.on('clientError', () => {
    isMalformed = true;
  });
  const [near, far] = duplexPair();
  far.on('error', () => undefined);
  far.resume();
  server.emit('connection', near);
  far.write(text, 'latin1');
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
  near.destroy();
  far.destroy();
  return { whole, isMalformed };
}

const token = fc
  .stringMatching(/^[!#$%&'*+.^_`|~\dA-Za-z-]{1,12}$/)
  .filter((name) => !/^(?:connection|upgrade|expect|content-length|transfer-encoding)$/i.test(name));
const value = fc.stringMatching(/^(?:[!-~\xa0-\xff](?:[ -~\xa0-\xff]{0,20}[!-~\xa0-\xff])?)?$/);
const fields = fc.array(
  fc.tuple(
    fc.constant('X-').chain((x) => token.map((name) => x + name)),
    value,
  ),
  { maxLength: 6 },
);
const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'M-SEARCH');
const target = fc.stringMatching(/^\/[!-~]{0,20}$/);
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array).toString('latin1'));
const body = fc.oneof(
  fc.constant({ line: '', text: '' }),
  bytes.map((text) => ({ line: `Content-Length: ${text.length}\r\n`, text })),
  fc
    .tuple(
      fc.array(
        bytes.filter((text) => text !== ''),
        { maxLength: 3 },
      ),
      fields,
    )
    .map(([chunks, trailers]) => ({
      line: 'Transfer-Encoding: chunked\r\n',
      text: `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n${linesOf(trailers)}\r\n`,
    })),
);
const request = fc
  .tuple(method, target, fields, body)
  .map(
    ([verb, path, lines, { line, text }]) =>
      `${verb} ${path} HTTP/1.1\r\nHost: a\r\n${linesOf(lines)}${line}\r\n${text}`,
  );

function linesOf(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, text]) => `${name}:  ${text}\t\r\n`).join('');
}

describe('what the reader makes of bytes', () => {
  it('is for valid requests what Node makes of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 3 }), async (requests) => {
        const text = requests.join('');
        const mine = ours(text);
        expect(mine.isMalformed).toBe(false);
        expect(mine.whole.length).toBe(requests.length);
        expect(mine).toEqual(await nodes(text));
      }),
      { numRuns: 300 },
    );
  });

  it('is for spoilt ones never a request that Node does not see, nor sees otherwise', async () => {
    const spoil = fc.tuple(
      fc.nat(),
      fc.nat({ max: 3 }),
      fc.constantFrom(
        '\n',
        '\r',
        '\r\n',
        ' ',
        '\t',
        '\0',
        ':',
        ';',
        ',',
        '0',
        '5',
        'a',
        '\x0b',
        '\xe4',
        '-',
        '+',
        'chunked',
        '\r\n\r\n',
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 2 }),
        fc.array(spoil, { minLength: 1, maxLength: 3 }),
        async (requests, changes) => {
          let text = requests.join('');
          for (const [place, length, insert] of changes) {
            const at = place % (text.length + 1);
            text = text.slice(0, at) + insert + text.slice(at + length);
          }
          const mine = ours(text);
          const other = await nodes(text);
          // Node may read on where we refuse, and it may tell a fault first; what both read, they read alike.
          expect(mine.whole).toEqual(other.whole.slice(0, mine.whole.length));
        },
      ),
      { numRuns: 1500 },
    );
  });
});
