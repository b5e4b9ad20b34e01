import { compile, parseHost } from '@paude/allowlist';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importSmokescreen } from './import-smokescreen.ts';
import { importSrt } from './import-srt.ts';
import { type Imported, importedAllowlist } from './imported.ts';

const wordsOf = ({ entries }: Imported) => entries.map(({ word }) => word);
const decisionOf = (imported: Imported, host: string, port = 443) =>
  compile(importedAllowlist(imported)).decide(parseHost(host), port).result;

const ACL = `version: v1
services:
  - name: payments
    project: payments
    action: enforce
    allowed_domains:
      - api.example.com
      - '*.cdn.example.com'
      - evil.example.org
  - name: learning
    action: report
    allowed_domains: [a.example.com]
  - name: free
    action: open
default:
  project: other
  action: enforce
  allowed_domains: []
global_deny_list:
  - '*.example.org'
global_allow_list:
  - login.example.com
  - www.example.org
`;

describe('importSmokescreen()', () => {
  it('takes the domains of a service and the global ones; what a service names beats the global denies', () => {
    const imported = importSmokescreen(ACL, { service: 'payments' });
    expect(imported.entries).toEqual([
      { word: 'api.example.com:*', file: 'acl.yaml', line: 7 },
      { word: '**.cdn.example.com:*', file: 'acl.yaml', line: 8 },
      { word: 'evil.example.org:*', file: 'acl.yaml', line: 9 },
      { word: 'login.example.com:*', file: 'acl.yaml', line: 22 },
    ]);
    expect(imported.notes.map(({ kind, line }) => [kind, line])).toEqual([['wide', 7]]);
    expect(decisionOf(imported, 'a.b.cdn.example.com')).toBe('allow');
    expect(decisionOf(imported, 'cdn.example.com')).toBe('deny');
    expect(decisionOf(imported, 'www.example.org')).toBe('deny');
  });

  it('takes the default for all others, and only the lists of what reports', () => {
    expect(wordsOf(importSmokescreen(ACL))).toEqual(['login.example.com:*']);
    const learning = importSmokescreen(ACL, { service: 'learning' });
    expect(wordsOf(learning)).toEqual(['a.example.com:*', 'login.example.com:*']);
    expect(learning.notes.map(({ kind, line }) => [kind, line])).toContainEqual(['narrowed', 11]);
    const other = importSmokescreen(ACL, { service: 'paymens' });
    expect(other.notes.find(({ kind }) => kind === 'assumed')?.remedy).toBe('Did you mean payments?');
  });

  it('opens everything but the denied for what is open, and says that this is wide', () => {
    const free = importSmokescreen(ACL, { service: 'free' });
    expect(wordsOf(free)).toEqual(['all', '!**.example.org']);
    expect(free.notes.map(({ kind, message }) => `${kind} ${message}`)).toContain(
      'wide action open allows every host',
    );
  });

  it.each([
    ['services: {}', 'its list services is missing'],
    ['services: []', 'it has no default and not just one service'],
    ['- a', 'it is no ACL of smokescreen'],
    ['a: [', 'it is not YAML'],
    ['version: v2\nservices: []', 'its version is not v1'],
    ['services: [{name: a, action: maybe}]', '"maybe" is no action'],
    ['services: [{name: a, action: enforce, allowed_domains: a.test}]', 'allowed_domains is no list'],
    [
      'services: [{name: a, action: enforce, allowed_domains: ["a b"]}]',
      'an entry of allowed_domains is no domain',
    ],
    [
      'services: [{name: a, action: open}]\nglobal_deny_list: [&x a.test, *x]',
      'an entry of global_deny_list is no domain',
    ],
  ])('refuses %j', (text, why) => {
    expect(() => importSmokescreen(text)).toThrow(why);
  });

  it('says which keys it does not know', () => {
    const { notes } = importSmokescreen(
      'services:\n  - name: a\n    action: enforce\n    denied_domains: [b.test]\n',
    );
    expect(notes).toEqual([
      {
        kind: 'unread',
        file: 'acl.yaml',
        line: 4,
        message: 'denied_domains is not known here',
        remedy: 'Look whether it denies something',
      },
    ]);
  });
});

describe('importSrt()', () => {
  const settings = (network: object) =>
    JSON.stringify({ network, filesystem: { allowWrite: ['.'] } }, null, 2);

  it('takes the allowed domains without the denied ones, with the meaning that they have there', () => {
    const imported = importSrt(
      settings({
        allowedDomains: [
          'github.com',
          '*.github.com',
          'api.example.com:8443',
          '[2001:db8::1]:443',
          'evil.test',
        ],
        deniedDomains: ['gist.github.com', '*.evil.test', 'evil.test', '*:22'],
      }),
    );
    expect(decisionOf(imported, 'github.com')).toBe('allow');
    expect(decisionOf(imported, 'github.com', 22)).toBe('deny');
    expect(decisionOf(imported, 'a.b.github.com', 8080)).toBe('allow');
    expect(decisionOf(imported, 'gist.github.com')).toBe('deny');
    expect(decisionOf(imported, 'api.example.com')).toBe('deny');
    expect(decisionOf(imported, 'api.example.com', 8443)).toBe('allow');
    expect(decisionOf(imported, '2001:db8::1')).toBe('allow');
    expect(decisionOf(imported, 'evil.test')).toBe('deny');
    expect(imported.entries.find(({ word }) => word.startsWith('api.'))?.line).toBe(6);
  });

  it('reads the settings of Claude Code as well, and all domains as all', () => {
    expect(wordsOf(importSrt('{"sandbox":{"network":{"allowedDomains":["a.test:443"]}}}'))).toEqual([
      'a.test:443',
    ]);
    expect(wordsOf(importSrt(settings({ allowAllDomains: true, deniedDomains: ['*.a.test'] })))).toEqual([
      'all',
      '!**.a.test',
    ]);
    expect(wordsOf(importSrt(settings({ allowedDomains: [], deniedDomains: [] })))).toEqual([]);
  });

  it.each([
    ['{', 'it is not JSON'],
    ['[]', 'it is no object'],
    ['{}', 'it has no section network'],
    [settings({ allowedDomains: 'a.test' }), 'network.allowedDomains is no list'],
    [
      settings({ allowedDomains: ['https://a.test'] }),
      '"https://a.test" in network.allowedDomains is no domain',
    ],
    [settings({ allowedDomains: [7] }), '7 in network.allowedDomains is no domain'],
    [settings({ allowAllDomains: 'yes' }), 'network.allowAllDomains takes true or false'],
  ])('refuses %j', (text, why) => {
    expect(() => importSrt(text)).toThrow(why);
  });

  it('decides the same as its source, a deny first and no port for every port', () => {
    const host = fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
      .map((labels) => [...labels, 'test'].join('.'));
    const entry = fc
      .tuple(fc.boolean(), host, fc.constantFrom('', '', ':443', ':22'))
      .map(([isWild, name, port]) => `${isWild ? '*.' : ''}${name}${port}`);
    const matches = (pattern: string, name: string, port: number) => {
      const [domain = '', own] = pattern.split(':');
      if (own !== undefined && Number(own) !== port) return false;
      return domain.startsWith('*.') ? name.endsWith(domain.slice(1)) : name === domain;
    };
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 6 }),
        fc.array(entry, { maxLength: 4 }),
        fc.array(host, { minLength: 3 }),
        (allowed, denied, names) => {
          const imported = importSrt(settings({ allowedDomains: allowed, deniedDomains: denied }));
          expect(imported.notes.filter(({ kind }) => kind !== 'wide')).toEqual([]);
          const policy = compile(importedAllowlist(imported));
          for (const name of names) {
            for (const port of [22, 80, 443]) {
              const isDenied = denied.some((pattern) => matches(pattern, name, port));
              const expected =
                !isDenied && allowed.some((pattern) => matches(pattern, name, port)) ? 'allow' : 'deny';
              expect(
                policy.decide(parseHost(name), port).result,
                `${allowed} | ${denied} | ${name}:${port}`,
              ).toBe(expected);
            }
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
