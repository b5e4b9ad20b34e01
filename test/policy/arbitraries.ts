import { type Allowlist, parseAllowlistFile, parseCidr } from '@paude/allowlist';
import { type Intent, namespaceIntent, sessionIntent, standaloneIntent } from '@paude/policy';
import fc from 'fast-check';

/** A moment between the two at which rules of these allowlists expire. */
export const AT_MS = Date.parse('2030-06-01T00:00:00Z');

// Few labels, so that rules and hosts meet.
const label = fc.constantFrom('a', 'b', 'ab', 'x-1', 'a_b');
const name = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'));

const GLOBS = ['*b.a.b', 'a*.a.b', '*.a*.a.b', '?.a.b', '[ab].ab.b', '**.a*.a.b', '.x-*.a.b', '*-1.b.a'];
const EXPRESSIONS = ['~\\.a\\.b$', '~^[ab]+\\.a\\.b$', '~^a.*b$', '~(?:^|\\.)b\\.a$'];
const ADDRESSES = [
  '8.8.8.8',
  '8.8.0.0/16',
  '9.0.0.0/8',
  '9.9.0.0/16',
  '10.0.0.0/8',
  '10.1.2.3',
  '169.254.169.254',
  '[2600::]/16',
  '[2600:1::]/32',
  '[64:ff9b::]/96',
  '[fd00::1]',
];
const ALIASES = ['github', 'python', 'claude'];

const pattern = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(fc.constantFrom('', '.', '*.', '**.'), name).map((parts) => parts.join('')),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('a.', 'b.', '.a', 'registry.').map((word) => (word === '.a' ? 'a.' : word)),
  },
  { weight: 3, arbitrary: fc.constantFrom(...GLOBS) },
  { weight: 2, arbitrary: fc.constantFrom(...EXPRESSIONS) },
  { weight: 3, arbitrary: fc.constantFrom(...ADDRESSES) },
  { weight: 1, arbitrary: fc.constantFrom(...ALIASES) },
  { weight: 1, arbitrary: fc.constantFrom('all') },
);

/** An entry of an allowlist file: an allow or a deny, its ports, perhaps a date on which it ends. */
const entry = fc
  .record({
    deny: fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    pattern,
    ports: fc.constantFrom<unknown>(undefined, undefined, '*', [22], [443, 8443], [443]),
    expires: fc.constantFrom(undefined, undefined, undefined, '2030-01-01', '2031-01-01'),
  })
  .map(({ deny, pattern: word, ports, expires }) => ({
    [deny ? 'deny' : 'allow']: word,
    ...(ports === undefined || ALIASES.includes(word) ? {} : { ports }),
    ...(expires === undefined ? {} : { expires }),
  }));

/** Any allowlist, with every kind of pattern, denies, ports, aliases and rules that expire. */
export const anyAllowlist: fc.Arbitrary<Allowlist> = fc
  .array(entry, { maxLength: 6 })
  .map((rules) => parseAllowlistFile(JSON.stringify({ version: 1, rules }), { path: 'allowlist.yaml' }));

/** What an allowlist is for: each form, with and without a proxy, and every choice that an emitter looks at. */
export const anyIntent: fc.Arbitrary<Intent> = fc
  .record({
    form: fc.constantFrom('session', 'standalone', 'namespace'),
    options: fc.record({
      namespace: fc.constant('agents'),
      atMs: fc.constant(AT_MS),
      platform: fc.constantFrom<Intent['platform']>('kubernetes', 'openshift'),
      dns: fc.constantFrom<Intent['dns']>('kube-dns', 'openshift', 'node-local', 'none'),
      families: fc.constantFrom<Intent['families']>('ipv4', 'ipv6', 'dual'),
      allowPrivate: fc.constantFrom([], [parseCidr('10.1.0.0/16')]),
      wildcardFirewallNames: fc.boolean(),
      inexpressible: fc.constantFrom<Intent['inexpressible']>('narrow', 'widen'),
    }),
  })
  .map(({ form, options }) => {
    if (form === 'session') return sessionIntent('review', options);
    return form === 'standalone' ? standaloneIntent('egress', options) : namespaceIntent('agents', options);
  });

const HOSTS = [
  ...['a', 'registry', 'a.b', 'b.a', 'a.a.b', 'ab.a.b', 'x-1.b.a', 'q.a.b', 'q.b.a', 'a.q.a.b', 'b.ab.a.b'],
  ...[
    'x-1.a.b',
    'q.x-1.a.b',
    'a.ab.b',
    'a.q.ab.b',
    'api.github.com',
    'github.com',
    'x.y.pypi.org',
    'a_b.a.b',
    'evil.test',
  ],
  ...['8.8.8.8', '8.8.4.4', '9.9.9.9', '9.1.1.1', '10.1.2.3', '10.2.0.1', '169.254.169.254', '1.1.1.1'],
  ...['2600:1::1', '2600:2::1', '2a00::1', 'fd00::1', '64:ff9b::808:808', '64:ff9b::a01:203'],
];

/** A host, near the rules, and a port. */
export const anyTarget: fc.Arbitrary<{ readonly host: string; readonly port: number }> = fc.record({
  host: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...HOSTS) },
    {
      weight: 1,
      arbitrary: fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.')),
    },
  ),
  port: fc.constantFrom(22, 80, 443, 8443, 9),
});
