import { parseAddress, parseHost, parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import type { EnforcementLayer } from '../diff/source.ts';
import type { Verdict } from '../model/lifted.ts';
import { type ExplainOptions, type ExplainTarget, explainHost } from './explain-host.ts';

const layer = (
  kind: string,
  pods: EnforcementLayer['pods'],
  verdict: Verdict | EnforcementLayer['evaluate'],
  words: readonly string[] = [],
): EnforcementLayer => ({
  kind,
  pods,
  objects: [`${kind}/x`],
  evaluate: typeof verdict === 'function' ? verdict : () => verdict,
  lifted: {
    allowlist: parseWords(words, { source: { file: `${kind}/x` } }),
    isFailOpen: false,
    weaknesses: [],
  },
});

const explained = (options: Omit<ExplainOptions, 'atMs'>, target: Partial<ExplainTarget> = {}) =>
  explainHost({ host: parseHost('a.com'), port: 443, ...target }, { atMs: 0, ...options });

const told = (options: Omit<ExplainOptions, 'atMs'>, target: Partial<ExplainTarget> = {}) => {
  const { steps, verdict } = explained(options, target);
  return [
    verdict,
    ...steps.map(({ layer: name, pods, verdict: says, decides }) =>
      [name, pods, says, decides ? '<' : ''].filter((part) => part !== undefined && part !== '').join(' '),
    ),
  ];
};

const closed = layer('NetworkPolicy', 'workload', 'deny');
const open = layer('NetworkPolicy', 'proxy', 'allow');

describe('explainHost()', () => {
  it.each<[string, Omit<ExplainOptions, 'atMs'>, string[]]>([
    [
      'allows by the rule of the proxy, where all layers let it pass',
      { allowlist: parseWords(['.a.com']), enforcement: { layers: [closed, open], missing: [] } },
      [
        'allow',
        'NetworkPolicy workload deny',
        'DNS allow',
        'proxy proxy allow <',
        'NetworkPolicy proxy allow',
      ],
    ],
    [
      'denies by the proxy',
      { allowlist: parseWords(['b.com']), enforcement: { layers: [closed, open], missing: [] } },
      ['deny', 'NetworkPolicy workload deny', 'DNS allow', 'proxy proxy deny <', 'NetworkPolicy proxy allow'],
    ],
    [
      'denies by the object behind the proxy',
      {
        allowlist: parseWords(['a.com']),
        enforcement: { layers: [closed, open, layer('EgressFirewall', 'proxy', 'deny')], missing: [] },
      },
      [
        'deny',
        'NetworkPolicy workload deny',
        'DNS allow',
        'proxy proxy allow',
        'NetworkPolicy proxy allow',
        'EgressFirewall proxy deny <',
      ],
    ],
    [
      'allows what goes past the proxy, whatever the proxy says',
      {
        allowlist: parseWords([]),
        enforcement: { layers: [layer('NetworkPolicy', 'workload', 'allow'), open], missing: [] },
      },
      [
        'allow',
        'NetworkPolicy workload allow <',
        'DNS allow',
        'proxy proxy deny',
        'NetworkPolicy proxy allow',
      ],
    ],
    [
      'does not know what an object does not know',
      {
        allowlist: parseWords(['a.com']),
        enforcement: { layers: [closed, layer('NetworkPolicy', 'proxy', 'unknown')], missing: [] },
      },
      [
        'unknown',
        'NetworkPolicy workload deny',
        'DNS allow',
        'proxy proxy allow',
        'NetworkPolicy proxy unknown <',
      ],
    ],
    [
      'does not know which of two kinds wins that are at odds',
      {
        allowlist: parseWords([]),
        enforcement: {
          layers: [closed, layer('CiliumNetworkPolicy', 'workload', 'allow'), open],
          missing: [],
        },
      },
      [
        'unknown',
        'NetworkPolicy workload unknown <',
        'CiliumNetworkPolicy workload unknown',
        'DNS allow',
        'proxy proxy deny',
        'NetworkPolicy proxy allow',
      ],
    ],
    [
      'knows that a firewall is passed beside all others',
      {
        allowlist: parseWords([]),
        enforcement: {
          layers: [
            layer('NetworkPolicy', 'workload', 'allow'),
            layer('EgressFirewall', 'workload', 'deny'),
            open,
          ],
          missing: [],
        },
      },
      [
        'deny',
        'NetworkPolicy workload allow',
        'EgressFirewall workload deny',
        'DNS allow',
        'proxy proxy deny <',
        'NetworkPolicy proxy allow',
      ],
    ],
    [
      'does not know what the proxy says that could not be asked',
      { enforcement: { layers: [closed, open], missing: [] } },
      [
        'unknown',
        'NetworkPolicy workload deny',
        'DNS allow',
        'proxy proxy unknown <',
        'NetworkPolicy proxy allow',
      ],
    ],
    [
      'goes by the allowlist alone where there is nothing else',
      { allowlist: parseWords(['a.com']) },
      ['allow', 'DNS allow', 'proxy proxy allow <'],
    ],
    [
      'goes by the objects alone where there is no proxy',
      { enforcement: { layers: [layer('CiliumNetworkPolicy', 'workload', 'allow')], missing: [] } },
      ['allow', 'CiliumNetworkPolicy workload allow <'],
    ],
    ['does not guess from nothing', {}, ['unknown']],
  ])('%s', (_, options, expected) => {
    expect(told(options)).toEqual(expected);
  });

  it('names the rule and the object', () => {
    const firewall = layer('EgressFirewall', 'proxy', 'allow', ['*.a.com', 'a.com']);
    const { steps, why } = explained({
      allowlist: parseWords(['.a.com'], { source: { file: 'allow.yaml', line: 3 } }),
      enforcement: { layers: [closed, firewall], missing: [] },
    });
    expect(steps.map(({ rule, where }) => [rule, where?.text])).toEqual([
      [undefined, 'NetworkPolicy/x'],
      [undefined, undefined],
      ['.a.com', 'allow.yaml:3'],
      ['a.com', 'EgressFirewall/x'],
    ]);
    expect(why).toBe('a.com:443 can be reached through the proxy: the proxy allows it.');
  });

  it('goes by the rules that the proxy runs by, and says that others were written for it', () => {
    const { steps, verdict } = explained({
      allowlist: parseWords([]),
      running: { allowlist: parseWords(['a.com']), where: 'Pod/p' },
    });
    expect(verdict).toBe('allow');
    expect(steps[1]?.why).toBe(
      'Pod/p allows it (a.com, allowed-by-rule); the allowlist that was written for it says otherwise.',
    );
  });

  it('says that nobody looked at the way past the proxy', () => {
    expect(explained({ allowlist: parseWords([]) }).why).toBe(
      'a.com:443 cannot be reached: the proxy denies it; what keeps the workload from going round the proxy was not looked at.',
    );
  });

  it('does not promise special addresses, which the proxy dials only if told so', () => {
    const allowlist = parseWords(['a.com', '10.0.0.1']);
    expect(told({ allowlist }, { host: parseHost('10.0.0.1') })[0]).toBe('unknown');
    const address = parseAddress('169.254.169.254');
    if (address === undefined) throw new Error('no address');
    expect(told({ allowlist }, { addresses: [address] })).toEqual([
      'unknown',
      'DNS allow',
      'proxy proxy allow',
      'address proxy unknown <',
    ]);
  });

  it('asks the objects about each address of a name, and does not know when they are treated differently', () => {
    const [one, other] = ['192.88.98.1', '8.8.8.8'].map((text) => parseAddress(text));
    if (one === undefined || other === undefined) throw new Error('no address');
    const asked: unknown[] = [];
    const picky = layer('NetworkPolicy', 'workload', (destination) => {
      asked.push(destination);
      return destination.address === one ? 'allow' : 'deny';
    });
    const options = { enforcement: { layers: [picky], missing: [] } };
    expect(told(options, { addresses: [one, other] })[0]).toBe('unknown');
    expect(asked).toContainEqual({ host: 'a.com', address: one, port: 443, protocol: 'TCP' });
  });
});
