import { parseHost } from '@paude/allowlist';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClientHelloOptions,
  clientHello,
  clientHelloMessage,
  cut,
  records,
  sslv2ClientHello,
} from '../../../../test/support/client-hello.ts';
import { type GateVerdict, HelloGate, type HelloRequirement } from './hello-gate.ts';

const CHANGE_CIPHER_SPEC = Buffer.from([20, 3, 3, 0, 1, 1]);
const CLIENT_KEY_EXCHANGE = Buffer.concat(records(Buffer.from([16, 0, 0, 1, 0]), { version: 0x0303 }));
const APPLICATION_DATA = Buffer.concat(records(Buffer.alloc(40, 7), { contentType: 23, version: 0x0303 }));
const good = (options: ClientHelloOptions = {}) => clientHello({ serverNames: ['good.test'], ...options });
const evil = (options: ClientHelloOptions = {}) => clientHello({ serverNames: ['evil.test'], ...options });

function gateFor(host = 'good.test', changes: Partial<HelloRequirement> = {}): HelloGate {
  const isAddress = /^[\d.]+$|:/.test(host);
  return new HelloGate({
    host: parseHost(host),
    isAddress,
    plainAllowed: false,
    maxBytes: 16_384,
    ...changes,
  });
}

/** Pushes pieces and tells what passed, and how it ended: `open` while the gate stands, `done`, or the reason. */
function run(gate: HelloGate, pieces: readonly Buffer[]): { passed: Buffer; end: string; detail?: string } {
  const passed: Buffer[] = [];
  for (const piece of pieces) {
    const verdict = gate.push(piece);
    if (verdict.kind === 'refuse')
      return { passed: Buffer.concat(passed), end: verdict.reason, detail: verdict.detail };
    passed.push(Buffer.from(verdict.bytes));
    if (verdict.done) return { passed: Buffer.concat(passed), end: 'done' };
  }
  return { passed: Buffer.concat(passed), end: 'open' };
}

describe('HelloGate', () => {
  it('lets a hello for its host pass as it is, and stands on until it has seen what follows', () => {
    const hello = good();
    const gate = gateFor();
    expect(run(gate, [hello])).toEqual({ passed: hello, end: 'open' });
    expect(gate.sni).toBe('good.test');
    gate.serverAccepted();
    expect(run(gate, [CLIENT_KEY_EXCHANGE])).toEqual({ passed: CLIENT_KEY_EXCHANGE, end: 'done' });
  });

  it.each([
    ['another name', good({ serverNames: ['evil.test'] }), 'sni-mismatch', 'the ClientHello names evil.test'],
    [
      'a longer name',
      good({ serverNames: ['good.test.evil.test'] }),
      'sni-mismatch',
      'names good.test.evil.test',
    ],
    ['a subdomain', good({ serverNames: ['a.good.test'] }), 'sni-mismatch', 'names a.good.test'],
    ['the parent domain', good({ serverNames: ['test'] }), 'sni-mismatch', 'names test'],
    ['two trailing dots', good({ serverNames: ['good.test..'] }), 'sni-mismatch', 'names good.test..'],
    ['a percent-encoded name', good({ serverNames: ['good%2etest'] }), 'sni-mismatch', 'names good%2etest'],
    ['an address', good({ serverNames: ['192.0.2.7'] }), 'sni-mismatch', 'names 192.0.2.7'],
    ['no name', good({ serverNames: [] }), 'sni-missing', 'names no server'],
    ['ECH', good({ ech: 'outer' }), 'ech', 'encrypted'],
    ['ESNI', good({ esni: true }), 'ech', 'encrypted'],
    [
      'two names',
      good({ serverNames: ['good.test', 'evil.test'] }),
      'client-hello-malformed',
      'not one host',
    ],
    ['an SSLv2 hello', sslv2ClientHello(), 'not-tls', 'no TLS handshake'],
    ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\n'), 'not-tls', 'no TLS handshake'],
  ])('refuses %s and lets nothing pass', (_what, bytes, reason, detail) => {
    const result = run(gateFor(), [bytes]);
    expect(result).toMatchObject({ end: reason, passed: Buffer.alloc(0) });
    expect(result.detail).toContain(detail);
  });

  it.each([
    ['in capitals', 'GOOD.Test'],
    ['with a trailing dot', 'good.test.'],
  ])('takes its host %s as its host', (_what, name) => {
    expect(run(gateFor(), [good({ serverNames: [name] })]).end).toBe('open');
  });

  it.each([
    ['192.0.2.7', [], 'open'],
    ['192.0.2.7', ['192.0.2.7'], 'open'],
    ['192.0.2.7', ['192.0.2.8'], 'sni-mismatch'],
    ['192.0.2.7', ['good.test'], 'sni-mismatch'],
    ['2001:db8::1', [], 'open'],
    ['2001:db8::1', ['good.test'], 'sni-mismatch'],
  ])('for the address %s with the names %j: %s', (host, serverNames, end) => {
    expect(run(gateFor(host), [good({ serverNames })]).end).toBe(end);
  });

  it('lets what is not TLS pass where it may, from its first byte on', () => {
    const bytes = Buffer.from('SSH-2.0-x\r\n');
    expect(run(gateFor('good.test', { plainAllowed: true }), [bytes])).toEqual({
      passed: bytes,
      end: 'done',
    });
  });

  it('checks TLS where plain is allowed too', () => {
    expect(run(gateFor('good.test', { plainAllowed: true }), [evil()]).end).toBe('sni-mismatch');
  });

  it('refuses a hello that grows over its limit, however it comes', () => {
    const [hello = Buffer.alloc(0)] = records(clientHelloMessage({ paddingBytes: 3000 }), {});
    const gate = () => gateFor('example.test', { maxBytes: 2000 });
    expect(run(gate(), [hello.subarray(0, 2500)])).toMatchObject({
      end: 'client-hello-too-large',
      detail: 'over 2000 bytes',
    });
    for (const pieces of [[hello], cut(hello, 1), cut(hello, 1999, 1)])
      expect(run(gate(), pieces)).toMatchObject({ end: 'client-hello-too-large', passed: Buffer.alloc(0) });
    const small = clientHello({ paddingBytes: 1000 });
    expect(run(gate(), [small, hello])).toMatchObject({ end: 'client-hello-too-large', passed: small });
  });

  it('says since when a hello is due: from the start on 443, from its first byte elsewhere, and then no more', () => {
    const hello = good();
    const strict = gateFor();
    expect(strict.pendingSinceMs).toBeTypeOf('number');
    const lax = gateFor('good.test', { plainAllowed: true });
    expect(lax.pendingSinceMs).toBeUndefined();
    for (const gate of [strict, lax]) {
      gate.push(hello.subarray(0, 5));
      expect(gate.pendingSinceMs).toBeTypeOf('number');
      gate.push(hello.subarray(5));
      expect(gate.pendingSinceMs).toBeUndefined();
    }
  });
});

describe('HelloGate after the first hello', () => {
  const EARLY_DATA = Buffer.concat(records(Buffer.alloc(20_000, 7), { contentType: 23, version: 0x0303 }));
  const USER_CANCELED = Buffer.from([21, 3, 3, 0, 2, 1, 90]);
  const EMPTY_RECORD = Buffer.from([22, 3, 3, 0, 0]);

  it.each([
    ['a second hello for the host', [good()], 'done'],
    ['a change_cipher_spec and a second hello for the host', [CHANGE_CIPHER_SPEC, good()], 'done'],
    ['0-RTT data and a second hello for the host', [EARLY_DATA, good()], 'done'],
    ['a second hello for another host', [evil()], 'sni-mismatch'],
    ['a change_cipher_spec and a hello for another host', [CHANGE_CIPHER_SPEC, evil()], 'sni-mismatch'],
    [
      'two change_cipher_specs and such a hello',
      [CHANGE_CIPHER_SPEC, CHANGE_CIPHER_SPEC, evil()],
      'sni-mismatch',
    ],
    ['0-RTT data and a hello for another host', [EARLY_DATA, evil()], 'sni-mismatch'],
    ['a warning alert and a hello for another host', [USER_CANCELED, evil()], 'sni-mismatch'],
    [
      'all of these and such a hello',
      [CHANGE_CIPHER_SPEC, EARLY_DATA, USER_CANCELED, evil()],
      'sni-mismatch',
    ],
    ['an empty record and a hello for another host', [EMPTY_RECORD, evil()], 'client-hello-malformed'],
    ['a second hello without a name', [good({ serverNames: [] })], 'sni-missing'],
    ['a second hello with ECH', [good({ ech: 'outer' })], 'ech'],
    ['a second hello that is malformed', [good({ wrongBy: { serverName: 1 } })], 'client-hello-malformed'],
    ['another handshake message', [CLIENT_KEY_EXCHANGE], 'client-hello-malformed'],
    ['0-RTT data without end', [EARLY_DATA, EARLY_DATA], 'open'],
  ])('while the server has not answered, %s: %s', (_what, pieces, end) => {
    expect(run(gateFor(), [good(), ...pieces]).end).toBe(end);
    expect(run(gateFor(), [Buffer.concat([good(), ...pieces])]).end).toBe(end);
    expect(run(gateFor(), cut(Buffer.concat([good(), ...pieces]), 7)).end).toBe(end);
  });

  it.each([
    ['the rest of a TLS 1.2 handshake', CLIENT_KEY_EXCHANGE],
    ['the encrypted rest of a TLS 1.3 handshake', Buffer.concat([CHANGE_CIPHER_SPEC, APPLICATION_DATA])],
    // One in 256 begins as a ClientHello does.
    ['an encrypted Finished of TLS 1.2', Buffer.concat(records(Buffer.alloc(40, 1), { version: 0x0303 }))],
  ])('once the server has gone on, lets %s pass and stands no longer', (_what, bytes) => {
    const gate = gateFor();
    gate.push(good());
    gate.serverAccepted();
    expect(run(gate, [bytes])).toEqual({ passed: bytes, end: 'done' });
  });

  it('lets nothing of a refused second hello pass', () => {
    const passing = Buffer.concat([good(), CHANGE_CIPHER_SPEC, EARLY_DATA, USER_CANCELED]);
    const { passed } = run(gateFor(), cut(Buffer.concat([passing, evil()]), 1));
    expect(passed.equals(passing)).toBe(true);
  });

  it('names the second name in the refusal', () => {
    const gate = gateFor();
    expect(run(gate, [good(), evil()]).detail).toBe('the ClientHello names evil.test');
    expect(gate.sni).toBe('evil.test');
  });

  it('knows that a hello was read: one that passed, and one with a name that did not', () => {
    for (const [hello, expected] of [
      [good(), true],
      [evil(), true],
      [Buffer.from('GET /'), false],
    ] as const) {
      const gate = gateFor();
      expect(gate.helloRead).toBe(false);
      gate.push(hello);
      expect(gate.helloRead).toBe(expected);
    }
  });
});

describe('HelloGate on any cutting', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 12 });
  const cuts = (bytes: Buffer, [first = 1, ...rest]: readonly number[]) => cut(bytes, first, ...rest);

  it('lets the same bytes pass, whole and in order', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 40, max: 500 }), fc.boolean(), (wish, fragmentBytes, second) => {
        const hello = clientHello({ serverNames: ['good.test'] }, { fragmentBytes });
        const bytes = Buffer.concat([
          hello,
          CHANGE_CIPHER_SPEC,
          second ? good() : APPLICATION_DATA,
          APPLICATION_DATA,
        ]);
        const gate = gateFor();
        const passed: Buffer[] = [];
        let done = false;
        for (const piece of cuts(bytes, wish)) {
          const verdict: GateVerdict = done ? { kind: 'pass', bytes: piece, done } : gate.push(piece);
          expect(verdict.kind).toBe('pass');
          if (verdict.kind === 'pass') done = verdict.done;
          passed.push(Buffer.from(verdict.bytes));
        }
        expect(Buffer.concat(passed).equals(bytes)).toBe(true);
      }),
    );
  });

  it('refuses another name for the same reason, with nothing let pass', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 40, max: 500 }), (wish, fragmentBytes) => {
        const hello = clientHello({ serverNames: ['evil.test'] }, { fragmentBytes });
        const result = run(gateFor(), cuts(hello, wish));
        expect(result.end).toBe('sni-mismatch');
        expect(result.passed).toHaveLength(0);
      }),
    );
  });

  it('keeps no view of the chunk it was given: a buffer that is read into again changes nothing', () => {
    const hello = good();
    const shared = Buffer.alloc(hello.length);
    const gate = gateFor();
    const passed: Buffer[] = [];
    for (const piece of cut(hello, 100)) {
      piece.copy(shared);
      const verdict = gate.push(shared.subarray(0, piece.length));
      passed.push(Buffer.from(verdict.bytes));
      shared.fill(0xff);
    }
    expect(Buffer.concat(passed).equals(hello)).toBe(true);
  });
});
