import { PassThrough } from 'node:stream';
import { parseHost } from '@paude/allowlist';
import { beforeEach, describe, expect, it } from 'vitest';
import { clientHello, cut } from '../../../../test/support/client-hello.ts';
import { sharedBuffer } from '../relay/buffers.ts';
import { Pump } from '../relay/pump.ts';
import { HelloGate } from '../tls/hello-gate.ts';
import { ClientReader, type GateListener } from './client-reader.ts';

let reader: ClientReader;
let client: PassThrough;
let target: PassThrough;
let told: string[];

beforeEach(() => {
  reader = new ClientReader();
  client = new PassThrough();
  target = new PassThrough({ highWaterMark: 1_000_000 });
  told = [];
});

const gate = (plainAllowed = false) =>
  new HelloGate({ host: parseHost('good.test'), isAddress: false, plainAllowed, maxBytes: 16_384 });
const listener = (letPass: boolean): GateListener => ({
  onHello: (sni) => void told.push(`hello ${sni}`),
  onRefused: ({ reason }) => {
    told.push(reason);
    return letPass;
  },
});
function forwarded(): Buffer {
  const pieces: Buffer[] = [];
  for (let piece: Buffer | null = target.read(); piece !== null; piece = target.read()) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** As a socket reads: into the buffer that the reader offers, which is overwritten afterwards. */
function read(bytes: Buffer): boolean {
  const buffer = reader.nextBuffer();
  bytes.copy(buffer);
  const more = reader.onBytes(bytes.length, buffer);
  if (buffer === sharedBuffer) buffer.fill(0xee, 0, bytes.length);
  return more;
}

describe('ClientReader', () => {
  it('keeps what comes before the tunnel is open, and hands it on in order', () => {
    read(Buffer.from('early '));
    read(Buffer.from('bytes '));
    reader.open(client, new Pump(target), undefined);
    read(Buffer.from('later'));
    expect(forwarded().toString()).toBe('early bytes later');
  });

  it('makes the client wait when it sends too much too early, and lets it go on afterwards', () => {
    client.resume();
    expect(read(Buffer.alloc(60_000, 1))).toBe(true);
    expect(read(Buffer.alloc(60_000, 2))).toBe(false);
    client.pause();
    reader.open(client, new Pump(target), undefined);
    expect(client.isPaused()).toBe(false);
    expect(forwarded().equals(Buffer.concat([Buffer.alloc(60_000, 1), Buffer.alloc(60_000, 2)]))).toBe(true);
  });

  it('leads early bytes through the gate too', () => {
    const evil = clientHello({ serverNames: ['evil.test'] });
    read(evil.subarray(0, 50));
    read(evil.subarray(50));
    reader.open(client, new Pump(target), gate(), listener(false));
    expect(told).toEqual(['hello evil.test', 'sni-mismatch']);
    expect(forwarded()).toHaveLength(0);
  });

  it('tells the name once, and stops reading after a refusal', () => {
    reader.open(client, new Pump(target), gate(), listener(false));
    expect(reader.helloPendingSinceMs).toBeTypeOf('number');
    expect(read(clientHello({ serverNames: ['good.test'] }))).toBe(true);
    expect(reader.helloPendingSinceMs).toBeUndefined();
    expect(read(clientHello({ serverNames: ['evil.test'] }))).toBe(false);
    expect(told).toEqual(['hello good.test', 'sni-mismatch']);
  });

  it('goes on reading after a refusal that throws the rest away', () => {
    const refusing: GateListener = {
      onHello: () => undefined,
      onRefused: () => {
        reader.discard();
        return false;
      },
    };
    reader.open(client, new Pump(target), gate(), refusing);
    expect(read(clientHello({ serverNames: ['evil.test'] }))).toBe(true);
    expect(read(Buffer.from('more'))).toBe(true);
    expect(forwarded()).toHaveLength(0);
  });

  it('hands on all bytes of a refused hello where the listener lets it pass', () => {
    const evil = clientHello({ serverNames: ['evil.test'] });
    reader.open(client, new Pump(target), gate(), listener(true));
    for (const piece of cut(evil, 90)) read(piece);
    read(Buffer.from('more'));
    expect(forwarded().equals(Buffer.concat([evil, Buffer.from('more')]))).toBe(true);
  });

  it('throws away all that comes once it is told to', () => {
    read(Buffer.from('early'));
    reader.discard();
    expect(read(Buffer.alloc(60_000))).toBe(true);
    expect(read(Buffer.alloc(60_000))).toBe(true);
    expect(forwarded()).toHaveLength(0);
  });
});
