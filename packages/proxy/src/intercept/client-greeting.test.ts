import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { parseHost } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { clientHello, cut } from '../../../../test/support/client-hello.ts';
import { ClientGreeting } from './client-greeting.ts';

const HOST = 'api.example.com';
const NONE = Buffer.alloc(0);

/** A greeting over a stream that stands for the socket. */
function greetingOver(early: Buffer = NONE, maxBytes = 16_384) {
  const stream = new PassThrough();
  const socket = stream as unknown as Socket;
  return { stream, greeting: new ClientGreeting(socket, early, { host: parseHost(HOST), maxBytes }) };
}

describe('ClientGreeting', () => {
  it.each([1, 7, 16_384])('reads a hello in pieces of %i bytes, and gives all of them back', async (size) => {
    const { stream, greeting } = greetingOver();
    const hello = clientHello({ serverNames: [HOST], alpn: ['h2', 'http/1.1', 'x'] });
    for (const piece of cut(hello, size)) stream.write(piece);
    const protocols = ['h2', 'http/1.1', 'x'];
    expect(await greeting.hello()).toEqual({ kind: 'hello', sni: HOST, protocols });
    expect(greeting.handBack().read()).toEqual(hello);
  });

  it('takes what came before it was made', async () => {
    const hello = clientHello({ serverNames: [HOST], alpn: [] });
    const { stream, greeting } = greetingOver(hello.subarray(0, 20));
    stream.write(hello.subarray(20));
    expect(await greeting.hello()).toEqual({ kind: 'hello', sni: HOST, protocols: [] });
    expect(greeting.handBack().read()).toEqual(hello);
  });

  it.each<[string, Buffer, string]>([
    ['another name', clientHello({ serverNames: ['evil.example'] }), 'sni-mismatch'],
    ['no name', clientHello({ serverNames: [] }), 'sni-missing'],
    ['an encrypted name', clientHello({ serverNames: [HOST], ech: 'outer' }), 'ech'],
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'not-tls'],
  ])('refuses %s', async (_, bytes, reason) => {
    const { stream, greeting } = greetingOver();
    stream.write(bytes);
    expect(await greeting.hello()).toMatchObject({ kind: 'refused', reason });
  });

  it('refuses a hello over its limit, and reads no more', async () => {
    const { stream, greeting } = greetingOver(NONE, 1000);
    const hello = clientHello({ serverNames: [HOST], paddingBytes: 4000 });
    for (const piece of cut(hello, 500)) stream.write(piece);
    expect(await greeting.hello()).toMatchObject({ kind: 'refused', reason: 'client-hello-too-large' });
    expect(stream.isPaused()).toBe(true);
  });

  it('is due from when it is asked for until it is there', async () => {
    const { stream, greeting } = greetingOver();
    expect(greeting.pendingSinceMs).toBeUndefined();
    const due = greeting.hello();
    expect(greeting.pendingSinceMs).toBeLessThanOrEqual(performance.now());
    stream.write(clientHello({ serverNames: [HOST] }));
    await due;
    expect(greeting.pendingSinceMs).toBeUndefined();
  });

  it('closes on a client that ends before it has greeted, and not on one that ends after', async () => {
    const gone = greetingOver();
    gone.stream.end('\x16\x03');
    await new Promise((resolve) => gone.stream.once('close', resolve));
    const there = greetingOver();
    there.stream.end(clientHello({ serverNames: [HOST] }));
    expect((await there.greeting.hello()).kind).toBe('hello');
    expect(there.stream.destroyed).toBe(false);
  });

  it('closes on a client that had ended before it was made', async () => {
    const stream = new PassThrough({ autoDestroy: false });
    stream.resume().end();
    await new Promise((resolve) => stream.once('end', resolve));
    // It stands for the socket.
    const socket = stream as unknown as Socket;
    new ClientGreeting(socket, NONE, { host: parseHost(HOST), maxBytes: 1000 });
    expect(stream.destroyed).toBe(true);
  });

  it('lets go of the socket when it is ignored', () => {
    const { stream, greeting } = greetingOver();
    greeting.ignore();
    expect([stream.listenerCount('data'), stream.listenerCount('end')]).toEqual([0, 0]);
  });
});
