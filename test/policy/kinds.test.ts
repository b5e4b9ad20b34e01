import { compareAllowlists, compile, type Host, hostAddress, parseHost } from '@paude/allowlist';
import {
  type Diagnostic,
  type EmitterKind,
  emitters,
  type Intent,
  type LiftContext,
  readers,
  validateObject,
} from '@paude/policy';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AT_MS, anyAllowlist, anyIntent, anyTarget } from './arbitraries.ts';
import { type Disagreement, isExplained } from './explained.ts';
import { naiveAntrea } from './naive/antrea.ts';
import { naiveCilium } from './naive/cilium.ts';
import { naiveClusterNetworkPolicy } from './naive/cluster-network-policy.ts';
import { naiveEgressFirewall } from './naive/egress-firewall.ts';
import { naiveEgressNetworkPolicy } from './naive/egress-network-policy.ts';
import { naiveEks } from './naive/eks.ts';
import { naiveGke } from './naive/gke.ts';
import { naiveIstio } from './naive/istio.ts';
import type { NaiveEvaluator } from './naive/naive.ts';

const KINDS: readonly (readonly [kind: EmitterKind, naive: NaiveEvaluator])[] = [
  ['EgressFirewall', naiveEgressFirewall],
  ['EgressNetworkPolicy', naiveEgressNetworkPolicy],
  ['CiliumNetworkPolicy', naiveCilium],
  ['ClusterNetworkPolicy', naiveClusterNetworkPolicy],
  ['FQDNNetworkPolicy', naiveGke],
  ['ApplicationNetworkPolicy', naiveEks],
  ['AntreaNetworkPolicy', naiveAntrea],
  ['Istio', naiveIstio],
];

const RUNS = 60;

const familiesOf = ({ families }: Intent) =>
  (families === 'dual' ? [4, 6] : families === 'ipv4' ? [4] : [6]) as (4 | 6)[];

const contextOf = (intent: Intent): LiftContext => ({
  podLabels: (intent.proxy ?? intent.workload).labels,
  namespace: intent.namespace,
  namespaceLabels: { 'kubernetes.io/metadata.name': intent.namespace },
  families: intent.families,
  wildcardFirewallNames: intent.wildcardFirewallNames,
});

const emit = (
  kind: EmitterKind,
  ...parameters: Parameters<NonNullable<ReturnType<typeof emitters.get>>['emit']>
) => {
  const emission = emitters.get(kind)?.emit(...parameters);
  if (emission === undefined) throw new Error(`no emitter of ${kind}`);
  return emission;
};

const shown = (diagnostics: readonly Diagnostic[]) =>
  diagnostics.map(({ code, effect, rule }) => `${effect} ${code} ${rule?.text ?? ''}`).join('\n');

describe.each(KINDS)('%s', { timeout: 120_000 }, (kind, naive) => {
  const reader = readers.find((candidate) => candidate.kind === kind);

  it('lets pass what the allowlist decides, or a diagnostic names the rule of the difference', () => {
    fc.assert(
      fc.property(
        anyAllowlist,
        anyIntent,
        fc.array(anyTarget, { minLength: 20, maxLength: 20 }),
        (allowlist, intent, targets) => {
          const { objects, diagnostics } = emit(kind, allowlist, intent);
          const policy = compile(allowlist, { atMs: AT_MS });
          const live = objects.map(({ object }) => object);
          if (live.length === 0) {
            expect(diagnostics.some(({ severity }) => severity === 'error')).toBe(true);
            return;
          }
          for (const { host: text, port } of targets) {
            const host = parseHost(text);
            const isAllowed = policy.decide(host, port).result === 'allow';
            const verdict = naive(live, { host, port, families: familiesOf(intent) });
            const context = () =>
              `${allowlist.rules.map(({ text: word }) => word).join(' ')} on ${host}:${port}: ${verdict}\n${shown(diagnostics)}\n${JSON.stringify(live)}`;
            expectEvaluation(host, port, verdict, live, intent, context);
            if (isAllowed === (verdict === 'allow')) continue;
            const allowed = verdict === 'allow' ? 'only by the object' : 'only by the allowlist';
            expectExplained({ host, port, allowed }, context);
          }

          function expectExplained(disagreement: Disagreement, context: () => string): void {
            if (!isExplained(disagreement, allowlist, diagnostics, AT_MS)) expect.fail(context());
          }
        },
      ),
      { numRuns: RUNS },
    );
  });

  /** The reader's own evaluation agrees with the naive one. */
  function expectEvaluation(
    host: Host,
    port: number,
    verdict: string,
    live: Parameters<NaiveEvaluator>[0],
    intent: Intent,
    context: () => string,
  ): void {
    const known = hostAddress(host);
    const families = familiesOf(intent);
    // Pods without a family cannot reach its addresses; what an object says of them does not matter.
    if (known !== undefined && !families.includes(known.family)) return;
    // The same address that the naive evaluator takes for granted: public, and in no range of these tests.
    const addresses = known === undefined ? families.map((family) => PUBLIC[family]) : [known];
    const verdicts = addresses.map((address) =>
      reader?.evaluate(
        live,
        {
          port,
          protocol: 'TCP',
          ...(known === undefined ? { host } : {}),
          ...(address === undefined ? {} : { address }),
        },
        contextOf(intent),
      ),
    );
    const joined = verdicts.includes('allow')
      ? 'allow'
      : verdicts.every((one) => one === 'deny')
        ? 'deny'
        : 'unknown';
    if (joined !== verdict) expect.fail(`evaluate() says ${verdicts.join()}: ${context()}`);
  }

  it('is read back as the allowlist that it was made of, but for what is diagnosed', () => {
    fc.assert(
      fc.property(anyAllowlist, anyIntent, (allowlist, intent) => {
        const { objects, diagnostics } = emit(kind, allowlist, intent);
        if (objects.length === 0) return;
        const lifted = reader?.lift(
          objects.map(({ object }) => object),
          contextOf(intent),
        );
        if (lifted === undefined) throw new Error(`no reader of ${kind}`);
        const { widened, narrowed, undecided } = compareAllowlists(allowlist, lifted.allowlist, {
          atMs: AT_MS,
        });
        const context = (what: string) =>
          `${what}: ${allowlist.rules.map(({ text }) => text).join(' ')} as ${lifted.allowlist.rules.map(({ text }) => text).join(' ')}\n${shown(diagnostics)}`;
        for (const [differences, allowed] of [
          [widened, 'only by the object'],
          [narrowed, 'only by the allowlist'],
        ] as const) {
          for (const { witness } of differences) {
            const [, text = '', port = ''] = /^(.*):(\d+)$/.exec(witness) ?? [];
            const disagreement = { host: parseHost(text), port: Number(port), allowed };
            if (!isExplained(disagreement, allowlist, diagnostics, AT_MS))
              expect.fail(context(`${allowed} ${witness}`));
          }
        }
        for (const { rule, why } of undecided) {
          if (!diagnostics.some((diagnostic) => diagnostic.rule !== undefined))
            expect.fail(context(`${rule.text} ${why}`));
        }
        expect(lifted.weaknesses.filter(({ severity }) => severity === 'error')).toEqual([]);
        expect(
          lifted.weaknesses.filter(({ code }) => /-(?:other-protocols|elsewhere-open)$/.test(code)),
        ).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it('is never refused before it is sent, and comes out the same each time', () => {
    fc.assert(
      fc.property(anyAllowlist, anyIntent, (allowlist, intent) => {
        const { objects } = emit(kind, allowlist, intent);
        for (const { object } of objects) expect(validateObject(object)).toEqual([]);
        expect(JSON.stringify(emit(kind, allowlist, intent).objects)).toBe(JSON.stringify(objects));
      }),
      { numRuns: RUNS / 4 },
    );
  });

  it('is read without an exception, whatever a cluster holds', () => {
    fc.assert(
      fc.property(
        anyAllowlist,
        anyIntent,
        fc.jsonValue({ maxDepth: 4 }),
        fc.nat(),
        (allowlist, intent, junk, place) => {
          const objects = emit(kind, allowlist, intent).objects.map(({ object }) =>
            broken(object, junk, place),
          );
          const live = objects as Parameters<NaiveEvaluator>[0];
          for (const object of live) validateObject(object);
          const lifted = reader?.lift(live, contextOf(intent));
          expect(Array.isArray(lifted?.weaknesses)).toBe(true);
          const destination = { host: 'a.b', port: 443, protocol: 'TCP' } as const;
          expect(['allow', 'deny', 'unknown']).toContain(
            reader?.evaluate(live, destination, contextOf(intent)),
          );
        },
      ),
      { numRuns: RUNS },
    );
  });
});

/** Addresses of the public Internet that stand in no range of the tests. */
const PUBLIC = { 4: hostAddress(parseHost('1.2.3.4')), 6: hostAddress(parseHost('2a00::77')) } as const;

/** An object with one of its parts replaced by something else. */
function broken(value: unknown, junk: unknown, place: number): unknown {
  const paths: (readonly (string | number)[])[] = [];
  const walk = (part: unknown, path: readonly (string | number)[]): void => {
    if (path.length > 0) paths.push(path);
    if (typeof part !== 'object' || part === null) return;
    for (const [key, inner] of Object.entries(part))
      walk(inner, [...path, Array.isArray(part) ? Number(key) : key]);
  };
  walk(value, []);
  const path = paths[place % Math.max(1, paths.length)] ?? [];
  const copy: unknown = structuredClone(value);
  let parent = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string | number, unknown>;
  const last = path.at(-1);
  if (last !== undefined) parent[last] = junk;
  return copy;
}
