import { parseAllowlistFile, parseCidr, parseWords } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { namespaceIntent, sessionIntent, standaloneIntent } from '../intents/intents.ts';
import type { Intent } from '../model/intent.ts';
import { renderYaml } from '../render/render-yaml.ts';
import { hostAliasFor } from './host-alias.ts';
import { networkPolicyEmitter } from './network-policy-emitter.ts';

const options = { namespace: 'agents', atMs: 0 };

function codes(words: readonly string[], intent: Intent): string[] {
  const { diagnostics } = networkPolicyEmitter.emit(parseWords(words), intent);
  return diagnostics.map(
    ({ code, effect, rule }) => `${code} ${effect}${rule === undefined ? '' : ` ${rule.text}`}`,
  );
}

const GOLDEN: readonly (readonly [string, readonly string[], Intent])[] = [
  ['session', ['api.example.com', '.example.org:{8443,9000..9003}'], sessionIntent('demo', options)],
  ['session-empty', [], sessionIntent('demo', options)],
  [
    'session-openshift-private',
    ['.example.com', '10.1.0.0/16:5432', '1.1.1.1:853', '8.8.8.8'],
    sessionIntent('demo', {
      ...options,
      platform: 'openshift',
      allowPrivate: [parseCidr('10.1.0.0/16'), parseCidr('169.254.0.0/16')],
    }),
  ],
  [
    'session-no-dns',
    ['api.example.com'],
    sessionIntent('demo', { ...options, dns: 'none', families: 'ipv4' }),
  ],
  [
    'standalone-other-namespace',
    ['all', '!all:25'],
    standaloneIntent('egress', {
      ...options,
      dns: 'node-local',
      clients: { namespace: 'team' },
      monitoring: { labels: { app: 'prometheus' }, namespace: 'monitoring' },
    }),
  ],
  [
    'namespace-without-proxy',
    ['api.example.com', '8.8.8.0/24', '8.8.8.8'],
    namespaceIntent('agents', { atMs: 0, families: 'ipv4' }),
  ],
];

describe('networkPolicyEmitter', () => {
  it.each(GOLDEN)('writes %s as it always has', async (name, words, intent) => {
    const { objects } = networkPolicyEmitter.emit(parseWords(words), intent);
    await expect(renderYaml(objects)).toMatchFileSnapshot(`golden/${name}.yaml`);
  });

  it('gives the proxy of an empty allowlist nothing but DNS', () => {
    const { objects } = networkPolicyEmitter.emit(parseWords([]), sessionIntent('demo', options));
    const egress = objects.find(({ object }) => object.metadata.name === 'paude-proxy-egress-demo');
    expect(egress?.object).toMatchObject({ spec: { egress: [{ ports: [{ port: 53 }, { port: 53 }] }] } });
    expect(codes([], sessionIntent('demo', options))).toContain('network-policy-empty note');
  });

  it('says what a policy cannot say', () => {
    expect(
      codes(
        ['a.example.com', 'b.example.com:*', 'all', '10.0.0.0/8', '!c.example.com'],
        sessionIntent('demo', options),
      ),
    ).toEqual([
      'network-policy-names-left-to-proxy widened',
      'network-policy-all-ports widened b.example.com:*',
      'network-policy-allows-all note all',
      'network-policy-special-use-left-out narrowed 10.0.0.0/8',
      'network-policy-dns-open widened',
      'network-policy-ingress-closed note',
      'network-policy-not-enforced fail-open',
      'network-policy-host-network fail-open',
      'network-policy-union fail-open',
      'network-policy-node-reaches note',
    ]);
  });

  it('counts neither rules that have expired nor ports that a deny of everything closes', () => {
    const allowlist = parseAllowlistFile(
      '- { allow: a.example.com, ports: 8443, expires: 2020-01-01 }\n- b.example.com\n- "!all:80"\n',
      { path: 'x' },
    );
    const { objects } = networkPolicyEmitter.emit(
      allowlist,
      sessionIntent('demo', { ...options, atMs: Date.parse('2021-01-01') }),
    );
    const ports = JSON.stringify(objects[1]).match(/"port":\d+/g);
    expect(ports).toEqual(['"port":53', '"port":53', '"port":443']);
  });

  it('leaves names out where no proxy decides on them, or opens the world and says so', () => {
    const words = ['a.example.com', '8.8.8.8', '!b.example.com'];
    expect(codes(words, namespaceIntent('agents', { atMs: 0 })).slice(0, 4)).toEqual([
      'network-policy-name-inexpressible inexpressible a.example.com',
      'network-policy-name-inexpressible narrowed a.example.com',
      'network-policy-deny-inexpressible inexpressible !b.example.com',
      'network-policy-deny-inexpressible widened !b.example.com',
    ]);
    const wide = namespaceIntent('agents', { atMs: 0, inexpressible: 'widen' });
    expect(codes(words, wide)[0]).toBe('network-policy-names-not-held widened a.example.com');
    expect(JSON.stringify(networkPolicyEmitter.emit(parseWords(words), wide).objects)).toContain(
      '"0.0.0.0/0"',
    );
  });

  it('has no policy for clients in namespaces that labels choose, and says that they are not held', () => {
    const intent = standaloneIntent('egress', { ...options, clients: { namespaceLabels: { team: 'x' } } });
    const { objects } = networkPolicyEmitter.emit(parseWords(['a.example.com']), intent);
    expect(objects.map(({ object }) => object.metadata.name)).toEqual(['egress-egress', 'egress-ingress']);
    expect(codes(['a.example.com'], intent)).toContain('network-policy-clients-by-label fail-open');
  });

  it('refuses what the API server would not take', () => {
    const words = Array.from({ length: 40_000 }, (_, index) => `8.${index >> 8}.${index & 255}.1:853`);
    const { objects, diagnostics } = networkPolicyEmitter.emit(
      parseWords(words),
      sessionIntent('demo', options),
    );
    expect(objects).toEqual([]);
    expect(diagnostics).toMatchObject([{ code: 'network-policy-too-large', severity: 'error' }]);
  });
});

describe('hostAliasFor()', () => {
  it("names the proxy's Service at its address", () => {
    expect(hostAliasFor(sessionIntent('demo', options), '10.96.0.7')).toEqual({
      ip: '10.96.0.7',
      hostnames: [
        'paude-proxy-demo',
        'paude-proxy-demo.agents',
        'paude-proxy-demo.agents.svc',
        'paude-proxy-demo.agents.svc.cluster.local',
      ],
    });
  });

  it('refuses what is no address', () => {
    expect(() => hostAliasFor(sessionIntent('demo', options), 'None')).toThrow(
      expect.objectContaining({ code: 'policy-invalid', input: 'None' }),
    );
  });
});
