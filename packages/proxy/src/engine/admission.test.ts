import { createHash } from 'node:crypto';
import { parseCidr } from '@paude/allowlist';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Admission, type AdmissionOptions } from './admission.ts';

const limits = { maxConnections: 4, requestsPerSecond: 10, requestBurst: 3 };

function admission(options: Partial<AdmissionOptions> = {}): Admission {
  return new Admission({ limits, ...options });
}

describe('Client.takeToken()', () => {
  it('gives the burst at once, then the rate, and never saves more than the burst', () => {
    const client = admission().client('192.0.2.1');
    const startMs = performance.now() + 1000;
    const take = (afterMs: number) => client.takeToken(limits, startMs + afterMs);
    expect([take(0), take(0), take(0), take(0)]).toEqual([true, true, true, false]);
    expect([take(99), take(100), take(100)]).toEqual([false, true, false]);
    expect([take(60_000), take(60_000), take(60_000), take(60_000)]).toEqual([true, true, true, false]);
  });

  it('never gives more than the burst and the rate together', () => {
    const waits = fc.array(fc.nat(300), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(waits, (steps) => {
        const client = admission().client('192.0.2.1');
        const startMs = performance.now() + 1000;
        let nowMs = startMs;
        let taken = 0;
        for (const step of steps) {
          nowMs += step;
          if (client.takeToken(limits, nowMs)) taken++;
        }
        expect(taken).toBeLessThanOrEqual(
          limits.requestBurst + ((nowMs - startMs) / 1000) * limits.requestsPerSecond + 1e-6,
        );
      }),
    );
  });
});

describe('Admission.client()', () => {
  it('is the same client for the same address, and another for another', () => {
    const all = admission();
    expect(all.client('192.0.2.1')).toBe(all.client('192.0.2.1'));
    expect(all.client('192.0.2.1')).not.toBe(all.client('192.0.2.2'));
  });

  const clients = [parseCidr('192.0.2.0/24'), parseCidr('2001:db8::/32')];
  it.each([
    ['192.0.2.255', true],
    ['::ffff:192.0.2.9', true],
    ['2001:db8::9', true],
    ['192.0.3.1', false],
    ['::ffff:192.0.3.1', false],
    ['::1', false],
    ['127.0.0.1', false],
    ['nonsense', false],
    [undefined, true],
  ])('with client networks, %s may connect: %s', (address, allowed) => {
    expect(admission({ clients }).client(address).allowed).toBe(allowed);
  });

  it('without client networks lets everyone connect, and with an empty list nobody', () => {
    expect(admission().client('203.0.113.9').allowed).toBe(true);
    expect(admission({ clients: [] }).client('203.0.113.9').allowed).toBe(false);
  });

  it('names IPv4 clients of a dual-stack listener by their IPv4 address', () => {
    expect(admission().client('::ffff:192.0.2.9').address).toBe('192.0.2.9');
    expect(admission().client(undefined).address).toBe('unix');
  });

  it('forgets who is gone and has its tokens back, and nobody else', () => {
    const all = admission();
    const busy = all.client('192.0.2.1');
    busy.connections = 1;
    const spent = all.client('192.0.2.2');
    const nowMs = performance.now();
    for (let count = 0; count < 3; count++) spent.takeToken(limits, nowMs);
    const gone = all.client('192.0.2.3');
    all.sweep(nowMs + 10);
    expect(all.client('192.0.2.1')).toBe(busy);
    expect(all.client('192.0.2.2')).toBe(spent);
    expect(all.client('192.0.2.3')).not.toBe(gone);
    all.sweep(nowMs + 10_000);
    expect(all.client('192.0.2.2')).not.toBe(spent);
  });
});

describe('Admission.setClients()', () => {
  it('holds for the next connection of everybody, also of a client that has one open', () => {
    const all = admission({ clients: [parseCidr('192.0.2.1/32')] });
    const [first, second] = [all.client('192.0.2.1'), all.client('192.0.2.2')];
    first.connections = 1;
    second.connections = 1;
    all.setClients([parseCidr('192.0.2.2/32')]);
    expect(all.client('192.0.2.1').allowed).toBe(false);
    expect(all.client('192.0.2.2').allowed).toBe(true);
    expect(all.client('192.0.2.1').connections).toBe(1);
    all.setClients(undefined);
    expect(all.client('192.0.2.1').allowed).toBe(true);
  });
});

describe('Admission.authenticate()', () => {
  const digest = (password: string) => createHash('sha256').update(password).digest();
  const users = new Map([
    ['agent', digest('s3cret')],
    ['colon', digest('a:b')],
    ['utf', digest('gr\u00fc\u00df')],
  ]);
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

  it.each([
    [undefined, 'auth-required'],
    ['', 'auth-failed'],
    ['Basic', 'auth-failed'],
    ['Basic ', 'auth-failed'],
    ['Basic !!!', 'auth-failed'],
    ['Basic YWdlbnQ6czNjcmV0 x', 'auth-failed'],
    ['Bearer YWdlbnQ6czNjcmV0', 'auth-failed'],
    ['Negotiate YWdlbnQ6czNjcmV0', 'auth-failed'],
    [basic('agent:wrong'), 'auth-failed'],
    [basic('agent:'), 'auth-failed'],
    [basic('agent'), 'auth-failed'],
    [basic('agent:s3cret '), 'auth-failed'],
    [basic('agent:s3cret\0'), 'auth-failed'],
    [basic('Agent:s3cret'), 'auth-failed'],
    [basic('nobody:s3cret'), 'auth-failed'],
    [basic('nobody:'), 'auth-failed'],
    [basic(':'), 'auth-failed'],
    [basic('__proto__:'), 'auth-failed'],
    [basic('agent:s3cret'), 'agent'],
    ['basic   YWdlbnQ6czNjcmV0', 'agent'],
    [basic('colon:a:b'), 'colon'],
    [basic('utf:gr\u00fc\u00df'), 'utf'],
  ])('%j: %s', (field, expected) => {
    const result = admission({ users }).authenticate(field);
    expect(result.kind === 'refused' ? result.reason : result.name).toBe(expected);
  });

  it('asks for nothing where there are no users, and ignores what is given', () => {
    expect(admission().authenticate(undefined)).toEqual({ kind: 'accepted', name: undefined });
    expect(admission().authenticate(basic('x:y'))).toEqual({ kind: 'accepted', name: undefined });
  });

  it('accepts no user at all from an empty table', () => {
    expect(admission({ users: new Map() }).authenticate(basic(':'))).toEqual({
      kind: 'refused',
      reason: 'auth-failed',
    });
  });
});
