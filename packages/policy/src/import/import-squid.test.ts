import { compile, parseHost } from '@paude/allowlist';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importSquid, type SquidOptions } from './import-squid.ts';
import { importedAllowlist } from './imported.ts';

const wordsOf = (text: string, options?: SquidOptions) =>
  importSquid(text, options).entries.map(({ word }) => word);

const notesOf = (text: string, options?: SquidOptions) =>
  importSquid(text, options).notes.map(({ kind, line, message }) => `${kind} ${line}: ${message}`);

// squid's own way to decide, written down once more and slowly: the first line whose ACLs all hold, of an ACL any value.

interface PlainAcl {
  readonly name: string;
  readonly type: 'dstdomain' | 'dstdom_regex' | 'port' | 'method' | 'dst' | 'src' | 'time';
  readonly values: readonly string[];
}

interface PlainLine {
  readonly effect: 'allow' | 'deny';
  readonly acls: readonly (readonly [negated: boolean, acl: number])[];
}

interface PlainConf {
  readonly acls: readonly PlainAcl[];
  readonly lines: readonly PlainLine[];
}

interface PlainRequest {
  readonly host: string;
  readonly port: number;
  readonly isConnect: boolean;
  /** What cannot be known of it, one way or the other. */
  readonly isTime: boolean;
  readonly isClient: boolean;
}

const textOf = ({ acls, lines }: PlainConf): string =>
  [
    ...acls.map(({ name, type, values }) => `acl ${name} ${type} ${values.join(' ')}`),
    ...lines.map(
      ({ effect, acls: used }) =>
        `http_access ${effect} ${used.map(([negated, index]) => `${negated ? '!' : ''}${acls[index]?.name}`).join(' ')}`,
    ),
  ].join('\n');

const isAddress = (host: string) => /^[\d.]+$/.test(host);

const plainHolds = ({ type, values }: PlainAcl, request: PlainRequest): boolean => {
  const { host, port, isConnect } = request;
  switch (type) {
    case 'dstdomain':
      return values.some((value) =>
        value.startsWith('.') ? `.${host}`.endsWith(value) : value !== '-n' && value === host,
      );
    case 'dstdom_regex':
      return values.some((value) => value !== '-i' && new RegExp(value, 'i').test(host));
    case 'port':
      return values.some((value) => {
        const [first = '', last = first] = value.split('-');
        return port >= Number(first) && port <= Number(last);
      });
    case 'method':
      return isConnect;
    case 'dst':
      return values.some((value) => host.startsWith(value.replace(/0\/8$|0\.0\.0\/8$/, '')));
    case 'src':
      return request.isClient;
    case 'time':
      return request.isTime;
  }
};

const plainDecide = ({ acls, lines }: PlainConf, request: PlainRequest): 'allow' | 'deny' => {
  for (const { effect, acls: used } of lines) {
    const matches = used.every(([negated, index]) => {
      const acl = acls[index];
      return acl !== undefined && plainHolds(acl, request) !== negated;
    });
    if (matches) return effect;
  }
  return lines.at(-1)?.effect === 'deny' ? 'allow' : 'deny';
};

const PORTS = [21, 80, 443, 563, 8080, 8443, 65535];
const request = (host: string, port: number, more: Partial<PlainRequest> = {}): PlainRequest => ({
  host,
  port,
  isConnect: port !== 80,
  isTime: false,
  isClient: true,
  ...more,
});

const LABELS = ['a', 'b', 'ab', 'api', 'evil'];
const name = fc
  .array(fc.constantFrom(...LABELS), { minLength: 1, maxLength: 3 })
  .map((labels) => [...labels, 'test'].join('.'));
const domain = fc.tuple(fc.boolean(), name).map(([isWide, text]) => (isWide ? `.${text}` : text));
const expression = fc.oneof(
  name.map((text) => `^${text.replaceAll('.', '\\.')}$`),
  name.map((text) => `(^|\\.)${text.replaceAll('.', '\\.')}$`),
  name.map((text) => `\\.${text.replaceAll('.', '\\.')}$`),
  fc.constantFrom(
    '^a',
    'evil',
    '^(a|b)\\.',
    '[ab]\\.test$',
    '^[^.]+\\.test$',
    '^api\\..*\\.test$',
    'a.test',
    'b+\\.te',
    '.',
    '^a|b$',
  ),
);
const plainAcl = (name: string): fc.Arbitrary<PlainAcl> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        name: fc.constant(name),
        type: fc.constant('dstdomain' as const),
        values: fc.array(domain, { minLength: 1, maxLength: 4 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        name: fc.constant(name),
        type: fc.constant('dstdom_regex' as const),
        values: fc.array(expression, { minLength: 1, maxLength: 2 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        name: fc.constant(name),
        type: fc.constant('port' as const),
        values: fc.array(fc.constantFrom('80', '443', '21', '8000-8999', '1025-65535', '563'), {
          minLength: 1,
          maxLength: 3,
        }),
      }),
    },
    { weight: 1, arbitrary: fc.constant<PlainAcl>({ name, type: 'method', values: ['CONNECT'] }) },
    { weight: 1, arbitrary: fc.constant<PlainAcl>({ name, type: 'dst', values: ['11.0.0.0/8'] }) },
    { weight: 1, arbitrary: fc.constant<PlainAcl>({ name, type: 'time', values: ['10:00-11:00'] }) },
    { weight: 1, arbitrary: fc.constant<PlainAcl>({ name, type: 'src', values: ['192.0.2.0/24'] }) },
  );
const conf = fc.tuple(...['a0', 'a1', 'a2', 'a3', 'a4'].map(plainAcl)).chain((acls) =>
  fc.record({
    acls: fc.constant(acls),
    lines: fc.array(
      fc.record({
        effect: fc.constantFrom('allow' as const, 'deny' as const),
        acls: fc.array(fc.tuple(fc.boolean(), fc.nat({ max: acls.length - 1 })), {
          minLength: 1,
          maxLength: 3,
        }),
      }),
      { maxLength: 6 },
    ),
  }),
);
const hosts = fc.array(
  fc.oneof({ weight: 6, arbitrary: name }, { weight: 1, arbitrary: fc.constantFrom('11.0.0.1', '12.0.0.1') }),
  { minLength: 4, maxLength: 12 },
);

describe('importSquid() against a plain second evaluation', () => {
  it('never allows what squid denies, whatever the time and the client; and says so where it allows less', () => {
    let exact = 0;
    fc.assert(
      fc.property(conf, hosts, (plain, names) => {
        const text = textOf(plain);
        const imported = importSquid(text);
        const policy = compile(importedAllowlist(imported));
        const isAssumed = imported.notes.some(({ kind }) => kind === 'assumed');
        const isNarrowed = imported.notes.some(({ kind }) => kind === 'narrowed');
        for (const host of names) {
          for (const port of PORTS) {
            const ours = policy.decide(parseHost(host), port).result;
            const clients = isAssumed ? [true] : [true, false];
            const theirs = clients.flatMap((isClient) =>
              [true, false].map((isTime) => plainDecide(plain, request(host, port, { isTime, isClient }))),
            );
            const message = `${text}\n${imported.entries.map(({ word }) => word).join(' ')}\n${host}:${port}`;
            if (ours === 'allow') expect(theirs, message).not.toContain('deny');
            else if (!isNarrowed && !isAddress(host)) expect(theirs, message).not.toContain('allow');
          }
        }
        if (!isNarrowed) exact++;
      }),
      { numRuns: 500 },
    );
    // Without this the test could pass by importing nothing.
    expect(exact).toBeGreaterThan(100);
  });
});

describe('importSquid()', () => {
  it('reads the squid.conf of the established proxy image', () => {
    const text = `
acl allowed_domains dstdomain .googleapis.com
acl allowed_domains dstdomain .google.com
acl allowed_domains dstdomain accounts.google.com
acl SSL_ports port 443
acl Safe_ports port 80
acl Safe_ports port 443
acl CONNECT method CONNECT
http_access deny !Safe_ports
http_access deny CONNECT !SSL_ports
http_access allow allowed_domains
http_access deny all
`;
    expect(importSquid(text).entries).toEqual([
      { word: '.googleapis.com', file: 'squid.conf', line: 2 },
      { word: '.google.com', file: 'squid.conf', line: 3 },
    ]);
    expect(notesOf(text)).toEqual([
      'wide 0: squid refuses CONNECT to port 80, but the proxy tells it from no plain request',
    ]);
  });

  it.each([
    ['a list of names', 'acl w dstdomain .a.test b.test\nhttp_access allow w', ['.a.test:*', 'b.test:*']],
    ['no lines at all, which deny everything', 'acl w dstdomain .a.test', []],
    ['the opposite of the last line', 'acl w dstdomain -n .a.test\nhttp_access deny w', ['all', '!.a.test']],
    [
      'a name with one label',
      'acl w dstdomain intranet .corp\nhttp_access allow w',
      ['intranet.:*', '~^(?:.*\\.)?corp$:*'],
    ],
    [
      'ports',
      'acl w dstdomain a.test\nacl p port 443 8000-8002\nhttp_access allow w p',
      ['a.test:{443,8000..8002}'],
    ],
    ['a negated list', 'acl w dstdomain a.test\nhttp_access deny !w\nhttp_access allow all', ['a.test:*']],
    [
      'an exception of a list',
      'acl w dstdomain .a.test\nacl x dstdomain x.a.test\nhttp_access allow w !x',
      ['.a.test:*', '!x.a.test'],
    ],
    [
      'a deny before',
      'acl w dstdomain .a.test\nacl x dstdomain .x.a.test\nhttp_access deny x\nhttp_access allow w',
      ['.a.test:*', '!.x.a.test'],
    ],
    [
      'a deny that touches nothing',
      'acl w dstdomain a.test\nacl x dstdomain .x.test\nhttp_access deny x\nhttp_access allow w',
      ['a.test:*'],
    ],
    [
      'a deny behind',
      'acl w dstdomain a.test\nacl x dstdomain .test\nhttp_access allow w\nhttp_access deny x\nhttp_access deny all',
      ['a.test:*'],
    ],
    [
      'expressions that are names',
      'acl r dstdom_regex ^a\\.test$ \\.b\\.test$ (^|\\.)c\\.test$\nhttp_access allow r',
      ['a.test:*', '**.b.test:*', '.c.test:*'],
    ],
    [
      'an expression',
      'acl r dstdom_regex -i ^(a|b)[0-9]+\\.test$\nhttp_access allow r',
      ['~^(?:a|b)[0-9]+\\.test$:*'],
    ],
    [
      'alternatives',
      'acl r dstdom_regex ^a1?\\.test$|^b1?\\.test$\nhttp_access allow r',
      ['~^(?:a1?\\.test|b1?\\.test)$:*'],
    ],
    [
      'addresses',
      'acl d dst 192.0.2.0/24 2001:db8::/33\nhttp_access allow d',
      ['192.0.2.0/24:*', '[2001:db8::]/33:*'],
    ],
    [
      'a range of addresses',
      'acl d dst 192.0.2.1-192.0.2.4\nhttp_access allow d',
      ['192.0.2.1:*', '192.0.2.2/31:*', '192.0.2.4:*'],
    ],
    [
      'a client that all allows ask for',
      'acl lan src 10.0.0.0/8\nacl w dstdomain a.test\nhttp_access allow lan w\nhttp_access deny all',
      ['a.test:*'],
    ],
    [
      'continued lines and comments',
      'acl w dstdomain \\\n# why\n  a.test # this\nhttp_access allow w',
      ['a.test:*'],
    ],
  ])('reads %s', (_title, text, words) => {
    expect(wordsOf(text).toSorted()).toEqual(words.toSorted());
  });

  it.each([
    [
      'a time',
      'acl t time 10:00-11:00\nhttp_access allow t',
      'narrowed 2: the allow is left out: acl t is of the type time, of which an allowlist knows nothing',
    ],
    [
      'a user',
      'acl u proxy_auth REQUIRED\nacl w dstdomain a.test\nhttp_access allow w u',
      'narrowed 3: the allow is left out: acl u is of the type proxy_auth, of which an allowlist knows nothing',
    ],
    [
      'a path',
      'acl u urlpath_regex secret\nhttp_access deny u\nhttp_access allow all',
      'narrowed 2: the deny is taken to hold: acl u is of the type urlpath_regex, of which an allowlist knows nothing',
    ],
    [
      'clients told apart',
      'acl a src 10.0.0.1\nacl b src 10.0.0.2\nacl w dstdomain a.test\nhttp_access allow a w\nhttp_access allow b w',
      'narrowed 4: the allow is left out: acl a depends on the client, of which an allowlist knows nothing',
    ],
    [
      'the addresses of names',
      'acl d dst 11.0.0.0/8\nacl w dstdomain a.test\nhttp_access deny d\nhttp_access allow w',
      'narrowed 3: the deny is taken to hold: acl d is about the addresses of a name, which are not known when the name is decided',
    ],
    [
      'a repetition of a group of capitals',
      'acl r dstdom_regex ^(A|b)\\.test$\nhttp_access deny r\nhttp_access allow all',
      'narrowed 2: every name is taken to be denied here: ^(A|b)\\.test$ at line 1: it has capital letters and no -i, while hosts are lower case',
    ],
    [
      'a back-reference',
      'acl r dstdom_regex ^(a)\\1\\.test$\nhttp_access allow r',
      'narrowed 2: some values are left out: ^(a)\\1\\.test$ at line 1: "\\\\1\\\\.test" has no counterpart',
    ],
  ])('leaves out what depends on %s, and names the line', (_title, text, note) => {
    expect(wordsOf(text)).toEqual([]);
    expect(notesOf(text)).toContain(note);
  });

  it('takes back what a later deny overlaps, as denies always win here, and names both lines', () => {
    const text =
      'acl good dstdomain good.a.test\nacl bad dstdomain -n .a.test\nhttp_access allow good\nhttp_access deny bad\nhttp_access allow all';
    const policy = compile(importedAllowlist(importSquid(text)));
    expect(policy.decide(parseHost('x.a.test'), 443).reason).toBe('denied-by-rule');
    expect(policy.decide(parseHost('good.a.test'), 443).reason).toBe('denied-by-rule');
    expect(policy.decide(parseHost('b.test'), 443).reason).toBe('allowed-by-rule');
    expect(notesOf(text)).toEqual([
      'narrowed 2: a deny always wins here, so a.test takes back some of what line 3 allows before it',
    ]);
  });

  it('imports for a client that is named', () => {
    const text =
      'acl a src 10.0.0.1\nacl wa dstdomain a.test\nacl wb dstdomain b.test\nhttp_access allow a wa\nhttp_access allow !a wb';
    expect(wordsOf(text, { client: '10.0.0.1' })).toEqual(['a.test:*']);
    expect(wordsOf(text, { client: '10.0.0.2' })).toEqual(['b.test:*']);
    expect(() => importSquid(text, { client: 'lan' })).toThrow(
      'Cannot import for the client "lan": it is not an IP address',
    );
  });

  it('asks for files, and stops where they include each other', () => {
    const files: Record<string, string> = {
      '/etc/list': 'a.test\n\n# none\n.b.test\n',
      '/etc/more.conf': 'http_access allow w',
      '/etc/loop.conf': 'include /etc/loop.conf',
    };
    const include = (path: string) => files[path];
    const text = 'acl w dstdomain "/etc/list"\ninclude /etc/more.conf';
    expect(importSquid(text, { include }).entries).toEqual([
      { word: 'a.test:*', file: '/etc/list', line: 1 },
      { word: '.b.test:*', file: '/etc/list', line: 4 },
    ]);
    expect(() => importSquid(text)).toThrow(
      'Cannot import the squid.conf "squid.conf:2": /etc/more.conf is not at hand',
    );
    expect(() => importSquid('include /etc/loop.conf', { include })).toThrow(
      'files include files more than 16 deep',
    );
  });

  it.each([
    ['http_access allow nobody', 'there is no acl nobody before it'],
    ['http_access permit all', 'it says neither allow nor deny'],
    ['acl w dstdomain a.test\nacl w port 80', 'acl w is already of the type dstdomain'],
    ['acl p port https', 'https is no port'],
    ['acl w', 'an acl has a name and a type'],
    ['if true\nhttp_access allow all\nendif', 'it depends on a condition'],
    [`acl w dstdomain $${'{process_name}'}.test`, 'a macro stands in it'],
  ])('refuses what squid would not take, or what depends on squid: %s', (text, why) => {
    expect(() => importSquid(text)).toThrow(why);
  });

  it('reads tens of thousands of names', () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `.d${index}.test`);
    const text = `acl w dstdomain "list"\nacl bad dstdomain -n "bad"\nhttp_access deny bad\nhttp_access allow w`;
    const include = (path: string) => (path === 'list' ? names : names.map((name) => `x${name}`)).join('\n');
    expect(importSquid(text, { include }).entries).toHaveLength(40_000);
  });

  it.each([
    ['a line that goes on for ever', 'acl a dstdomain a.test \\\n'.repeat(50_000)],
    [
      'a port in three',
      `${Array.from({ length: 20_000 }, (_, index) => `acl p port ${index * 3 + 2}`).join('\n')}\nhttp_access allow p`,
    ],
    ['a value of a megabyte', `acl w dstdomain ${'x'.repeat(1_000_000)}\nhttp_access allow w`],
  ])('reads %s without taking long', (_title, text) => {
    const startMs = performance.now();
    importSquid(text);
    expect(performance.now() - startMs).toBeLessThan(10_000);
  });

  it('gives up on denies that fall into too many parts', () => {
    const lines = Array.from({ length: 60 }, (_, index) => [
      `acl a${index} dstdomain .d${index}.test`,
      `acl b${index} dstdom_regex ^x${index}[a-z]+\\.d`,
      `http_access deny a${index} b${index}`,
    ]);
    expect(() => importSquid(`${lines.flat().join('\n')}\nhttp_access allow all`)).toThrow(
      'they fall into more than 2000 parts of hosts and ports',
    );
  });
});
