import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile, parseHost, parseWords } from './index.ts';

// A second implementation, slow and plain, that shares nothing with the first but the meaning of a decision.

interface PlainRule {
  readonly deny: boolean;
  readonly form: 'exact' | '.' | '*.' | '**.' | 'glob' | 'cidr' | 'all';
  readonly name: string;
  readonly ports: readonly number[] | 'default' | '*';
}

const wordOf = ({ deny, form, name, ports }: PlainRule): string => {
  const front = form === '.' || form === '*.' || form === '**.' ? form : '';
  const tail = ports === 'default' ? '' : ports === '*' ? ':*' : `:{${ports.join()}}`;
  return `${deny ? '!' : ''}${front}${form === 'all' ? 'all' : name}${tail}`;
};

const globMatches = (glob: string, label: string): boolean => {
  if (glob === '') return label === '';
  if (glob[0] === '*')
    return globMatches(glob.slice(1), label) || (label !== '' && globMatches(glob, label.slice(1)));
  return (
    label !== '' && (glob[0] === '?' || glob[0] === label[0]) && globMatches(glob.slice(1), label.slice(1))
  );
};

const bits = (address: string): string =>
  address
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');

const plainHostMatches = ({ form, name }: PlainRule, host: string): boolean => {
  const isAddress = /^[\d.]+$/.test(host);
  if (form === 'all') return true;
  if (form === 'cidr') {
    const [base = '', prefix = '32'] = name.split('/');
    return isAddress && bits(host).slice(0, Number(prefix)) === bits(base).slice(0, Number(prefix));
  }
  if (isAddress) return false;
  const labels = host.split('.');
  const nameLabels = name.split('.');
  const extra = labels.length - nameLabels.length;
  const tail = labels.slice(Math.max(0, extra)).join('.');
  if (form === 'glob')
    return extra === 0 && nameLabels.every((glob, index) => globMatches(glob, labels[index] ?? ''));
  if (tail !== name) return false;
  return form === 'exact'
    ? extra === 0
    : form === '*.'
      ? extra === 1
      : form === '**.'
        ? extra > 0
        : extra >= 0;
};

const plainPortMatches = ({ deny, form, ports }: PlainRule, port: number): boolean => {
  if (ports === '*' || (ports === 'default' && (deny || form === 'all'))) return true;
  return (ports === 'default' ? [80, 443] : ports).includes(port);
};

const plainDecide = (rules: readonly PlainRule[], host: string, port: number): string => {
  const onHost = rules.filter((rule) => plainHostMatches(rule, host));
  const matching = onHost.filter((rule) => plainPortMatches(rule, port));
  const index = (rule: PlainRule | undefined) => (rule === undefined ? '' : String(rules.indexOf(rule)));
  const denied = matching.find(({ deny }) => deny);
  if (denied !== undefined) return `deny denied-by-rule ${index(denied)}`;
  const allowed = matching.find(({ deny }) => !deny);
  if (allowed !== undefined) return `allow allowed-by-rule ${index(allowed)}`;
  const wrongPort = onHost.find(({ deny }) => !deny);
  if (wrongPort !== undefined) return `deny port-not-allowed ${index(wrongPort)}`;
  if (rules.every(({ deny }) => deny)) return 'deny empty-allowlist ';
  return /^[\d.]+$/.test(host) ? 'deny address-not-listed ' : 'deny not-listed ';
};

// Few letters and few labels, so that rules and hosts meet.
const label = fc.constantFrom('a', 'b', 'ab', 'ba', 'x1');
const name = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'));
const glob = fc
  .tuple(
    fc.array(fc.constantFrom('*', 'a*', '*b', '?', 'a?', 'a', '*a*'), { minLength: 1, maxLength: 2 }),
    fc.constantFrom('a.b', 'b.a', 'ab.x1'),
  )
  .map(([globs, tail]) => [...globs, tail].join('.'));
const cidr = fc.constantFrom(
  '10.0.0.0/8',
  '10.0.0.0/31',
  '10.0.0.1',
  '0.0.0.0/1',
  '128.0.0.0/1',
  '10.128.0.0/9',
);
const ports = fc.constantFrom<PlainRule['ports']>('default', '*', [22], [443, 8443]);
const plainRule: fc.Arbitrary<PlainRule> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      deny: fc.boolean(),
      form: fc.constantFrom('exact', '.', '*.', '**.'),
      name,
      ports,
    }),
  },
  { weight: 3, arbitrary: fc.record({ deny: fc.boolean(), form: fc.constant('glob'), name: glob, ports }) },
  { weight: 2, arbitrary: fc.record({ deny: fc.boolean(), form: fc.constant('cidr'), name: cidr, ports }) },
  {
    weight: 1,
    arbitrary: fc.record({ deny: fc.boolean(), form: fc.constant('all'), name: fc.constant(''), ports }),
  },
);
const target = fc.tuple(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.')),
    },
    { weight: 1, arbitrary: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.200.0.1', '200.0.0.1', '127.0.0.1') },
  ),
  fc.constantFrom(22, 80, 443, 8443, 9),
);

describe('decide() against a plain second implementation', () => {
  it('gives the same result, reason and rule', () => {
    fc.assert(
      fc.property(
        fc.array(plainRule, { maxLength: 8 }),
        fc.array(target, { minLength: 1, maxLength: 8 }),
        (rules, targets) => {
          // Forms that mean the same, such as a glob that is only `*.a.b`, are one rule there and here: the first.
          const words = rules.map(wordOf);
          const allowlist = parseWords(words);
          expect(allowlist.rules).toHaveLength(rules.length);
          const policy = compile(allowlist);
          for (const [host, port] of targets) {
            const { result, reason, rule } = policy.decide(parseHost(host), port);
            const index = rule === undefined ? '' : String(allowlist.rules.indexOf(rule));
            expect(`${result} ${reason} ${index}`, `${words.join(' ')} on ${host}:${port}`).toBe(
              plainDecide(rules, host, port),
            );
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
