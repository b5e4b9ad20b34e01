import { describe, expect, it } from 'vitest';
import { compile, compileInSlices, type Policy, parseAllowlistFile, parseHost, parseWords } from './index.ts';

const told = (policy: Policy, target: string): string => {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(target) ?? [];
  const { result, reason, rule } = policy.decide(parseHost(host), Number(port));
  return [result, reason, rule?.text].filter((part) => part !== undefined).join(' ');
};

describe('decide()', () => {
  it.each([
    // Exact
    [['a.example.com'], 'a.example.com:443', 'allow allowed-by-rule a.example.com'],
    [['a.example.com'], 'a.example.com:80', 'allow allowed-by-rule a.example.com'],
    [['a.example.com'], 'A.Example.Com.:443', 'allow allowed-by-rule a.example.com'],
    [['a.example.com'], 'b.a.example.com:443', 'deny not-listed'],
    [['a.example.com'], 'example.com:443', 'deny not-listed'],
    [['a.example.com'], 'xa.example.com:443', 'deny not-listed'],
    [['a.example.com'], 'a.example.com.evil.test:443', 'deny not-listed'],
    // Suffix: the apex and any depth, never a look-alike
    [['.example.com'], 'example.com:443', 'allow allowed-by-rule .example.com'],
    [['.example.com'], 'a.b.c.example.com:443', 'allow allowed-by-rule .example.com'],
    [['.example.com'], 'notexample.com:443', 'deny not-listed'],
    [['.example.com'], 'example.com.evil.test:443', 'deny not-listed'],
    [['.example.com'], 'example-com:443', 'deny not-listed'],
    [['.example.com'], 'com:443', 'deny not-listed'],
    // One label
    [['*.example.com'], 'a.example.com:443', 'allow allowed-by-rule *.example.com'],
    [['*.example.com'], 'example.com:443', 'deny not-listed'],
    [['*.example.com'], 'a.b.example.com:443', 'deny not-listed'],
    [['*.example.com'], 'aexample.com:443', 'deny not-listed'],
    // One or more labels
    [['**.example.com'], 'a.example.com:443', 'allow allowed-by-rule **.example.com'],
    [['**.example.com'], 'a.b.example.com:443', 'allow allowed-by-rule **.example.com'],
    [['**.example.com'], 'example.com:443', 'deny not-listed'],
    // Globs: a wildcard never crosses a dot
    [['*-ai.example.com'], 'us-ai.example.com:443', 'allow allowed-by-rule *-ai.example.com'],
    [['*-ai.example.com'], 'a.us-ai.example.com:443', 'deny not-listed'],
    [['*-ai.example.com'], 'us-ai.example.com.evil.test:443', 'deny not-listed'],
    [['*-ai.example.com'], 'us-aixexample.com:443', 'deny not-listed'],
    [['a?.example.com'], 'ab.example.com:443', 'allow allowed-by-rule a?.example.com'],
    [['a?.example.com'], 'a.example.com:443', 'deny not-listed'],
    [['a[!b-d].example.com'], 'ae.example.com:443', 'allow allowed-by-rule a[^b-d].example.com'],
    [['a[!b-d].example.com'], 'ac.example.com:443', 'deny not-listed'],
    [['a[!b-d].example.com'], 'a.example.com:443', 'deny not-listed'],
    [['a.*.example.com'], 'a.b.example.com:443', 'allow allowed-by-rule a.*.example.com'],
    [['a.*.example.com'], 'a.b.c.example.com:443', 'deny not-listed'],
    [['.x*.example.com'], 'x1.example.com:443', 'allow allowed-by-rule .x*.example.com'],
    [['.x*.example.com'], 'a.b.x1.example.com:443', 'allow allowed-by-rule .x*.example.com'],
    [['**.x*.example.com'], 'x1.example.com:443', 'deny not-listed'],
    [['**.x*.example.com'], 'a.b.x1.example.com:443', 'allow allowed-by-rule **.x*.example.com'],
    // Expressions
    [
      ['~^api-\\d+\\.example\\.com$'],
      'api-12.example.com:443',
      'allow allowed-by-rule ~^api-\\d+\\.example\\.com$',
    ],
    [['~^api-\\d+\\.example\\.com$'], 'api-x.example.com:443', 'deny not-listed'],
    [['~^api-\\d+\\.example\\.com$'], 'xapi-1.example.com:443', 'deny not-listed'],
    [['~^API\\.EXAMPLE\\.COM$'], 'api.example.com:443', 'allow allowed-by-rule ~^API\\.EXAMPLE\\.COM$'],
    [['~\\.(?:a|b)\\.com$'], 'x.b.com:443', 'allow allowed-by-rule ~\\.(?:a|b)\\.com$'],
    [['~^[\\d.]+$'], '192.0.2.7:443', 'deny address-not-listed'],
    // Ports
    [['a.com:8443'], 'a.com:8443', 'allow allowed-by-rule a.com:8443'],
    [['a.com:8443'], 'a.com:443', 'deny port-not-allowed a.com:8443'],
    [['a.com'], 'a.com:22', 'deny port-not-allowed a.com'],
    [['a.com', '.com.com'], 'a.com:22', 'deny port-not-allowed a.com'],
    [['a.com:*'], 'a.com:22', 'allow allowed-by-rule a.com:*'],
    [['a.com:{22,8443}'], 'a.com:22', 'allow allowed-by-rule a.com:{22,8443}'],
    [['a.com', 'a.com:22'], 'a.com:22', 'allow allowed-by-rule a.com:22'],
    [['registry:5000'], 'registry:5000', 'allow allowed-by-rule registry.:5000'],
    // Denies win wherever they stand
    [['.example.com', '!a.example.com'], 'a.example.com:443', 'deny denied-by-rule !a.example.com'],
    [['!a.example.com', '.example.com'], 'a.example.com:443', 'deny denied-by-rule !a.example.com'],
    [['.example.com', '!a.example.com'], 'b.example.com:443', 'allow allowed-by-rule .example.com'],
    [['a.com:*', '!a.com:22'], 'a.com:22', 'deny denied-by-rule !a.com:22'],
    [['a.com:*', '!a.com:22'], 'a.com:23', 'allow allowed-by-rule a.com:*'],
    [['a.com:*', '!a.com'], 'a.com:9999', 'deny denied-by-rule !a.com'],
    [['!.zip', 'all'], 'x.zip:443', 'deny denied-by-rule !.zip'],
    [['.a.com', '!*-x.a.com'], 'b-x.a.com:443', 'deny denied-by-rule !*-x.a.com'],
    [['all', '!~\\.onion$'], 'x.onion:443', 'deny denied-by-rule !~\\.onion$'],
    [['all', '!all'], 'x.com:443', 'deny denied-by-rule !all'],
    // The allow rule that stands first is the one to name
    [['.example.com', 'a.example.com'], 'a.example.com:443', 'allow allowed-by-rule .example.com'],
    [['a.example.com', '.example.com'], 'a.example.com:443', 'allow allowed-by-rule a.example.com'],
    [
      ['~^a\\.example\\.com$', 'a.example.com'],
      'a.example.com:443',
      'allow allowed-by-rule ~^a\\.example\\.com$',
    ],
    [['all', 'a.example.com'], 'a.example.com:443', 'allow allowed-by-rule all'],
    [['.example.com:8443', 'a.example.com'], 'a.example.com:443', 'allow allowed-by-rule a.example.com'],
    // Addresses need rules that name addresses
    [['192.0.2.7'], '192.0.2.7:443', 'allow allowed-by-rule 192.0.2.7'],
    [['192.0.2.7'], '[::ffff:192.0.2.7]:443', 'allow allowed-by-rule 192.0.2.7'],
    [['192.0.2.7'], '192.0.2.8:443', 'deny address-not-listed'],
    [['192.0.2.7'], '192.0.2.7:22', 'deny port-not-allowed 192.0.2.7'],
    [['198.51.100.0/24'], '198.51.100.255:443', 'allow allowed-by-rule 198.51.100.0/24'],
    [['198.51.100.0/24', '!198.51.100.7'], '198.51.100.7:443', 'deny denied-by-rule !198.51.100.7'],
    [['[2001:db8::]/32'], '[2001:db8:1::1]:443', 'allow allowed-by-rule [2001:db8::]/32'],
    [['[2001:db8::]/32'], '[2001:db9::1]:443', 'deny address-not-listed'],
    [['.example.com'], '192.0.2.7:443', 'deny address-not-listed'],
    [['all'], '192.0.2.7:9', 'allow allowed-by-rule all'],
    [['all'], '[2001:db8::1]:9', 'allow allowed-by-rule all'],
    // An address inside an address is denied with it, and not allowed with it
    [['all', '!10.0.0.0/8'], '[64:ff9b::10.1.2.3]:443', 'deny denied-by-rule !10.0.0.0/8'],
    [['all', '!10.0.0.0/8'], '[2002:a01:203::1]:443', 'deny denied-by-rule !10.0.0.0/8'],
    [['10.0.0.0/8'], '[64:ff9b::10.1.2.3]:443', 'deny address-not-listed'],
    // Nothing
    [[], 'a.com:443', 'deny empty-allowlist'],
    [[], '192.0.2.7:443', 'deny empty-allowlist'],
    [['!a.com'], 'b.com:443', 'deny empty-allowlist'],
    [['!a.com'], 'a.com:443', 'deny denied-by-rule !a.com'],
    [['a.com'], 'b.com:443', 'deny not-listed'],
    [['all'], 'a.com:0', 'deny port-not-allowed all'],
    [['all'], 'a.com:65536', 'deny port-not-allowed all'],
  ])('%j on %s: %s', (words, target, expected) => {
    expect(told(compile(parseWords(words)), target)).toBe(expected);
  });

  it('takes extra default ports', () => {
    const policy = compile(parseWords(['a.com'], { extraPorts: [8443] }));
    expect(told(policy, 'a.com:8443')).toBe('allow allowed-by-rule a.com');
    expect(told(policy, 'a.com:22')).toBe('deny port-not-allowed a.com');
  });

  it('a rule counts until it expires, and then says so', () => {
    const allowlist = parseAllowlistFile(
      `
      - { allow: a.com, expires: 2030-01-01 }
      - { deny: b.com, expires: 2030-06-01T12:00:00Z }
      - { allow: .com.test, expires: 2029-01-01 }
      - b.com
      - { allow: "10.0.0.0/8", expires: 2029-01-01 }
      `,
      { path: 'x.yaml' },
    );
    const at = (date: string) => compile(allowlist, { atMs: Date.parse(date) });
    expect(told(at('2030-01-01T23:59:59.999Z'), 'a.com:443')).toBe('allow allowed-by-rule a.com');
    expect(told(at('2030-01-02'), 'a.com:443')).toBe('deny rule-expired a.com');
    expect(told(at('2030-01-02'), 'a.com:22')).toBe('deny not-listed');
    expect(told(at('2030-06-01'), 'b.com:443')).toBe('deny denied-by-rule !b.com');
    expect(told(at('2030-06-02'), 'b.com:443')).toBe('allow allowed-by-rule b.com');
    expect(told(at('2030-01-02'), 'x.com.test:443')).toBe('deny rule-expired .com.test');
    expect(told(at('2030-01-02'), '10.0.0.1:443')).toBe('deny rule-expired 10.0.0.0/8');
    expect(at('2028-01-01').nextExpiryMs).toBe(Date.parse('2029-01-02'));
    expect(at('2029-01-02').nextExpiryMs).toBe(Date.parse('2030-01-02'));
    expect(at('2031-01-01').nextExpiryMs).toBeUndefined();
  });

  it('is not slowed down by one rule a hundred thousand times', () => {
    const policy = compile(parseWords(new Array(100_000).fill('.example.com')));
    const start = performance.now();
    for (let round = 0; round < 1000; round++) policy.decide(parseHost('a.example.com'), 443);
    expect(performance.now() - start).toBeLessThan(200);
  });

  it('a name made for it does not make a glob or an expression backtrack', () => {
    const policy = compile(
      parseWords(['*a*a*a*a*a*a*a*a*b.example.com', '~^(?:a+)+b\\.example\\.com$', '~(?:a|aa)+$']),
    );
    const host = parseHost(`${'a'.repeat(63)}.${'a'.repeat(63)}.example.com`);
    const label = parseHost(`${'a'.repeat(63)}.example.com`);
    const start = performance.now();
    for (let round = 0; round < 100; round++) {
      policy.decide(host, 443);
      policy.decide(label, 443);
    }
    expect(performance.now() - start).toBeLessThan(500);
  });
});

describe('compileInSlices()', () => {
  it('decides as compile() does, and pauses between slices', async () => {
    const allowlist = parseWords(Array.from({ length: 2500 }, (_, index) => `.x${index}.example.com`));
    let pauses = 0;
    const policy = await compileInSlices(allowlist, {
      rulesPerSlice: 1000,
      pause: async () => void pauses++,
    });
    expect(pauses).toBe(2);
    expect(told(policy, 'a.x2499.example.com:443')).toBe('allow allowed-by-rule .x2499.example.com');
  });
});
