import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, within } from '../support/deadline.ts';
import { type RawSecureOrigin, rawSecureOrigin } from '../support/origins.ts';
import { PROXY_WITHOUT_INTERNALS, type ProxyProcessOptions } from '../support/proxy-process.ts';
import { refusalOf } from './arena.ts';
import { HOST, type InterceptLab, KEY, openInterceptLab, request } from './intercept-lab.ts';

/** What connections run on: Node's own handles, and its sockets where those are not known. */
const TRANSPORTS: readonly { readonly name: string; readonly process: ProxyProcessOptions }[] = [
  { name: 'handles', process: {} },
  { name: 'sockets', process: { program: PROXY_WITHOUT_INTERNALS } },
];

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe.each(TRANSPORTS)('intercepted messages on $name', ({ process }) => {
  let lab: InterceptLab;
  let origin: RawSecureOrigin;
  /** What the origin answers, in pieces; and whether it closes the connection then. */
  let pieces: readonly (string | Buffer)[] = [OK];
  let closes = false;
  beforeAll(async () => {
    origin = await rawSecureOrigin(
      async (_asked, socket) => {
        for (const piece of pieces) {
          if (!socket.destroyed) socket.write(piece as string, 'latin1');
          await new Promise((resolve) => setTimeout(resolve, 3));
        }
        if (closes) socket.end();
        return undefined;
      },
      { names: [HOST] },
    );
    lab = await openInterceptLab({ process, flags: ['--head-timeout', '2s'] });
  });
  afterAll(async () => {
    expect(lab.arena.proxy.events({ event: 'defect' })).toEqual([]);
    await lab?.[Symbol.asyncDispose]();
    await origin?.close();
  });

  const at = () => `${HOST}:${origin.port}`;
  const answer = (...next: readonly (string | Buffer)[]) => {
    pieces = next;
    closes = false;
  };

  /** Sends a request, and reads all that comes until the end. */
  async function whole(bytes: string): Promise<string> {
    await using inside = await lab.open(origin);
    await inside.connection.send(bytes);
    return (await inside.connection.readToEnd()).toString('latin1');
  }

  describe('of a target', () => {
    it('that answers byte by byte come as they are', async () => {
      answer(...'HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok');
      const { head, body } = await lab.exchange(origin, request(at()));
      expect([head.get('x-a'), body.toString()]).toEqual(['1', 'ok']);
    });

    it('that answers more than was asked for: what it sent ahead is nobody’s answer', async () => {
      const before = origin.dialled;
      for (const extra of ['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil', 'x', '\r\n']) {
        answer(`${OK}${extra}`);
        await using inside = await lab.open(origin);
        for (let count = 0; count < 3; count++) {
          await inside.connection.send(request(at()));
          expect((await inside.connection.readResponse()).body.toString()).toBe('ok');
        }
      }
      // Each answer was the last of its connection.
      expect(origin.dialled - before).toBe(9);
    });

    it('that speaks before it is asked is not listened to', async () => {
      answer(OK, 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
      await using inside = await lab.open(origin);
      for (let count = 0; count < 3; count++) {
        await inside.connection.send(request(at()));
        expect((await inside.connection.readResponse()).body.toString()).toBe('ok');
        await within(origin.connections.at(-1)?.closed ?? Promise.reject(), 'the target to be let go');
      }
    });

    it.each<[string, string, string]>([
      ['a body that is cut off', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart', 'target-reset'],
      [
        'chunks that are cut off',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe',
        'target-reset',
      ],
      [
        'a chunk that does not end where it says',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n',
        'target-protocol-error',
      ],
      [
        'a size with a bare LF',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\n\r\n',
        'target-protocol-error',
      ],
    ])('%s: the client sees no end of it', async (_, response, reason) => {
      answer(response);
      closes = true;
      await using inside = await lab.open(origin);
      await inside.connection.send(request(at()));
      const all = (await inside.connection.readToEnd()).toString();
      expect(all).not.toMatch(/0\r\n\r\n$/);
      const event = await lab.arena.audit.waitFor({ event: 'close', tunnel: inside.id });
      expect(event.reason).toBe(reason);
    });

    it.each<[string, string]>([
      ['a length and chunks', 'Content-Length: 2\r\nTransfer-Encoding: chunked'],
      ['two lengths', 'Content-Length: 2\r\nContent-Length: 3'],
      ['a length that is none', 'Content-Length: 2x'],
      ['a folded field', 'X-A: b\r\n c'],
      ['a space in front of a colon', 'Content-Length : 2'],
      ['a NUL', 'X-A: \0'],
    ])('with %s: 502', async (_, fields) => {
      answer(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\nok`);
      const refusal = await refusalOf(lab.arena, await lab.exchange(origin, request(at())));
      expect(refusal).toMatchObject({ status: 502, reason: 'target-protocol-error' });
    });

    it('without an end of their own end with the connection, and reach the client in chunks', async () => {
      answer('HTTP/1.1 200 OK\r\n\r\n', 'first ', 'second');
      closes = true;
      const { body, head } = await lab.exchange(origin, request(at()));
      expect([body.toString(), head.get('transfer-encoding')]).toEqual(['first second', 'chunked']);
    });

    it.each(['204 No Content', '304 Not Modified'])(
      '%s have no body, whatever their fields say',
      async (status) => {
        answer(`HTTP/1.1 ${status}\r\nX-A: 1\r\n\r\n`);
        await using inside = await lab.open(origin);
        for (let count = 0; count < 2; count++) {
          await inside.connection.send(request(at()));
          const { head } = await inside.connection.readResponse();
          expect(head.startLine).toContain(status);
          expect(head.get('transfer-encoding')).toBeUndefined();
        }
      },
    );

    it('to HEAD keep the length of the body that they do not have', async () => {
      answer('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      await using inside = await lab.open(origin);
      for (let count = 0; count < 2; count++) {
        await inside.connection.send(request(at(), { method: 'HEAD' }));
        const head = await inside.connection.readHead();
        expect(head.get('content-length')).toBe('1000');
      }
    });

    it('that come after interim ones are the answer', async () => {
      answer('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', OK);
      const text = await whole(request(at(), { fields: ['Connection: close'] }));
      expect(text).toMatch(/^HTTP\/1\.1 103 .*\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
      expect(text).toMatch(/\r\n\r\nok$/);
    });

    it('keep their trailers, without those that mean something in front', async () => {
      answer(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a\r\n\r\n',
      );
      const text = await whole(request(at(), { fields: ['Connection: close'] }));
      expect(text).toMatch(/2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n$/);
    });

    it('in HTTP/1.0 are the last of their connection', async () => {
      answer('HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok');
      const before = origin.dialled;
      await using inside = await lab.open(origin);
      for (let count = 0; count < 2; count++) {
        await inside.connection.send(request(at()));
        expect((await inside.connection.readResponse()).body.toString()).toBe('ok');
      }
      expect(origin.dialled - before).toBe(2);
    });

    it('with a head over the limit: 502', async () => {
      answer(`HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(17_000)}\r\n\r\n`);
      const refusal = await refusalOf(lab.arena, await lab.exchange(origin, request(at())));
      expect(refusal).toMatchObject({ status: 502, reason: 'target-protocol-error' });
    });
  });

  describe('of a client', () => {
    it('that come byte by byte are served', async () => {
      answer(OK);
      await using inside = await lab.open(origin);
      const bytes = request(at(), {
        method: 'POST',
        fields: ['Transfer-Encoding: chunked'],
        body: '5\r\nhello\r\n0\r\n\r\n',
      });
      for (const byte of bytes) inside.tls.write(byte);
      expect((await inside.connection.readResponse()).body.toString()).toBe('ok');
      const seen = origin.requests.at(-1);
      expect([seen?.body.toString(), seen?.head.getAll('x-api-key')]).toEqual(['hello', [KEY]]);
    });

    it('in HTTP/1.0 are answered without chunks, and are the last', async () => {
      answer('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n');
      const text = await whole('GET /old HTTP/1.0\r\n\r\n');
      expect(text).toMatch(/Connection: close\r\n\r\nok$/);
      expect(text).not.toContain('chunked');
    });

    it('that wait for 100 get it from the target, or the last answer', async () => {
      answer('HTTP/1.1 100 Continue\r\n\r\n');
      await using inside = await lab.open(origin);
      const fields = ['Expect: 100-continue', 'Content-Length: 5'];
      await inside.connection.send(request(at(), { method: 'PUT', fields }));
      // The origin of this lab reads the body first, so it is this that shows the head was there.
      await eventually('the head', () => origin.connections.at(-1)?.received.includes('100-continue'));
      answer(OK);
      await inside.connection.send('hello');
      const response = await inside.connection.readResponse();
      expect([response.status, response.body.toString()]).toEqual([200, 'ok']);
    });

    it('that expect something else are refused', async () => {
      const response = await lab.exchange(origin, request(at(), { fields: ['Expect: a-miracle'] }));
      expect(await refusalOf(lab.arena, response)).toMatchObject({
        status: 417,
        reason: 'expectation-failed',
      });
    });

    it('whose head does not come in time are refused; kept connections without one just end', async () => {
      answer(OK);
      await using late = await lab.open(origin);
      await late.connection.send('GET / HTTP/1.1\r\nHo');
      await using silent = await lab.open(origin);
      await using kept = await lab.open(origin);
      await kept.connection.send(request(at()));
      await kept.connection.readResponse();
      for (const { connection } of [late, silent])
        expect(await refusalOf(lab.arena, await connection.readResponse())).toMatchObject({
          status: 408,
          reason: 'request-timeout',
        });
      expect((await kept.connection.readToEnd()).toString()).toBe('');
    });

    it('that never read their answers get no more of them', async () => {
      answer(`HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`);
      await using inside = await lab.open(origin);
      const before = origin.requests.length;
      inside.connection.release().pause();
      for (let count = 0; count < 2000; count++) inside.tls.write(request(at()));
      await new Promise((resolve) => setTimeout(resolve, 1500));
      // What two kernels, two queues and the client's own buffer hold.
      expect(origin.requests.length - before).toBeLessThan(300);
    });
  });
});
