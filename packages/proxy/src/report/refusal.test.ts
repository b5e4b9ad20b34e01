import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REASONS, type ReasonCode } from './reasons.ts';
import { type Refusal, renderRefusal, serializeRefusal } from './refusal.ts';

const codes = Object.keys(REASONS) as ReasonCode[];
const subject = { id: 'abc-1', reason: 'not-listed', host: 'a.test', port: 443 } as const;

function field(refusal: Refusal, name: string): string | undefined {
  const index = refusal.headers.indexOf(name);
  return index === -1 ? undefined : refusal.headers[index + 1];
}

describe('renderRefusal()', () => {
  it('names host, reason, rule, what to do and the id in text', () => {
    const { status, body } = renderRefusal({ ...subject, reason: 'denied-by-rule', rule: '!.a.test' });
    expect(status).toBe(403);
    expect(body).toBe(
      'Blocked by the egress policy: a.test:443 is denied by a rule of the allowlist.\n' +
        'Reason: denied-by-rule (rule: !.a.test)\n' +
        'This is a decision of the owner of this environment, not a fault of the network: retrying, or leaving out' +
        ' the proxy, cannot reach it. If the task needs it, stop and ask the owner to allow "a.test"' +
        ' (--allowed-domains a.test).\nRequest id: abc-1\n',
    );
  });

  it.each([
    [undefined, 'text/plain; charset=utf-8'],
    ['', 'text/plain; charset=utf-8'],
    ['*/*', 'text/plain; charset=utf-8'],
    ['text/html, */*;q=0.1', 'text/plain; charset=utf-8'],
    ['application/jsonp', 'text/plain; charset=utf-8'],
    ['application/json', 'application/json; charset=utf-8'],
    ['APPLICATION/JSON;q=0.9, */*', 'application/json; charset=utf-8'],
    ['application/problem+json', 'application/json; charset=utf-8'],
    ['application/vnd.npm.install-v1+json; q=1.0, */*', 'application/json; charset=utf-8'],
  ])('answers Accept %j with %s', (accept, type) => {
    const refusal = renderRefusal(subject, accept);
    expect(field(refusal, 'Content-Type')).toBe(type);
    expect(field(refusal, 'Content-Length')).toBe(String(Buffer.byteLength(refusal.body)));
  });

  it('says the same in JSON', () => {
    const refusal = renderRefusal({ ...subject, rule: '.b.test', detail: 'more' }, 'application/json');
    expect(JSON.parse(refusal.body)).toEqual({
      error: 'not-listed',
      message: 'Blocked by the egress policy: a.test:443 is not on the allowlist (more).',
      host: 'a.test',
      port: 443,
      rule: '.b.test',
      detail: 'more',
      access: expect.stringContaining('ask the owner to allow "a.test"'),
      id: 'abc-1',
    });
  });

  it('escapes an input that could not be read, and cuts it', () => {
    const { body } = renderRefusal({
      id: 'x',
      reason: 'bad-target',
      input: `\u001b[2Ja\r\n${'b'.repeat(5000)}`,
    });
    expect(body).toContain('"\\u001b[2Ja\\u000d\\u000ab');
    expect(body.length).toBeLessThan(1000);
  });

  it.each([
    ['auth-required', 'Proxy-Authenticate', 'Basic realm="paude", charset="UTF-8"'],
    ['auth-failed', 'Proxy-Authenticate', 'Basic realm="paude", charset="UTF-8"'],
    ['rate-limited', 'Retry-After', '1'],
    ['too-many-tunnels', 'Retry-After', '1'],
    ['not-listed', 'Retry-After', undefined],
    ['not-listed', 'Proxy-Authenticate', undefined],
    ['dns-failed', 'Cache-Control', 'no-store'],
  ] as const)('for %s has the field %s: %s', (reason, name, value) => {
    expect(field(renderRefusal({ ...subject, reason }), name)).toBe(value);
  });

  it.each(codes)(
    '%s: a Proxy-Status of RFC 9209, an error status, and a phrase without controls',
    (reason) => {
      const refusal = renderRefusal({ ...subject, reason });
      expect(field(refusal, 'Proxy-Status')).toMatch(/^paude; error=[a-z_]+; details="[ !#-[\]-~]*"$/);
      expect(field(refusal, 'Proxy-Status')).toContain(`details="${reason}: `);
      expect(refusal.status).toBeGreaterThanOrEqual(400);
      expect(refusal.phrase).toMatch(/^[\x20-\x7e]+$/);
      expect(refusal.phrase).toContain(reason);
      expect(refusal.body).toContain(`Reason: ${reason}`);
    },
  );
});

describe('serializeRefusal()', () => {
  it('writes a response that closes, its body as long as it says', () => {
    const text = serializeRefusal(renderRefusal(subject));
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 403 Blocked by the egress policy: not-listed\r\n/);
    expect(head).toMatch(/\r\nConnection: close$/);
    expect(head).toContain(`\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`);
  });

  it('has one head and no line of the subject in it, whatever the subject', () => {
    const odd = fc.string({
      unit: fc.constantFrom('\r', '\n', '"', '\\', '\0', '\u00fc', '\u2028', 'X: y', ' '),
    });
    fc.assert(
      fc.property(odd, odd, odd, fc.constantFrom(...codes), (input, detail, rule, reason) => {
        const text = serializeRefusal(renderRefusal({ id: 'x', reason, input, detail, rule }));
        const head = text.slice(0, text.indexOf('\r\n\r\n'));
        expect(head.replaceAll('\r\n', '')).toMatch(/^[\x20-\x7e]+$/);
        expect(head).not.toContain('X: y');
      }),
    );
  });
});
