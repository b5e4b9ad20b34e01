import { type Address, type Allowlist, explain, type Host, hostAddress, specialUse } from '@paude/allowlist';
import type { Enforcement, RunningProxy } from '../diff/source.ts';
import { whereOf } from '../diff/where.ts';
import type { DnsMode } from '../model/intent.ts';
import type { Destination, Verdict } from '../model/lifted.ts';
import { explainLayers } from './explain-layers.ts';
import type { ExplainStep, OpenStep } from './explain-step.ts';

/** What is asked about. */
export interface ExplainTarget {
  readonly host: Host;
  readonly port: number;
  /** What the name leads to, where that is known; without it what depends on addresses stays unknown. */
  readonly addresses?: readonly Address[];
}

/** What there is that could decide. */
export interface ExplainOptions {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly dns?: DnsMode | undefined;
  /** The proxy's. */
  readonly allowlist?: Allowlist | undefined;
  /** Its rules decide, where they are known. */
  readonly running?: RunningProxy | undefined;
  readonly enforcement?: Enforcement | undefined;
}

/** What becomes of a request for a target, and why. */
export interface HostExplanation {
  readonly host: Host;
  readonly port: number;
  /** First the way past the proxy, as a request meets what is there, and then the way through it. */
  readonly steps: readonly ExplainStep[];
  /** `allow` if one of the ways is open; `unknown` if that hangs on what is not known. */
  readonly verdict: Verdict;
  /** One sentence. */
  readonly why: string;
}

/** Says which rule, which object and which layer decide about a target. What is not known is not guessed. */
export function explainHost(target: ExplainTarget, options: ExplainOptions): HostExplanation {
  const { host, port } = target;
  const { enforcement, allowlist, running } = options;
  const layers = enforcement?.layers ?? [];
  const held = layers.filter(({ pods }) => pods === 'workload');
  const ofProxy = layers.filter(({ pods }) => pods === 'proxy');
  const hasProxy = ofProxy.length > 0 || allowlist !== undefined || running !== undefined;
  const direct = held.length === 0 ? [] : explainLayers(held, destinationsOf(target), 'direct');
  const through = hasProxy
    ? [
        dnsStep(options.dns),
        proxyStep(target, options),
        ...addressSteps(target),
        ...explainLayers(ofProxy, destinationsOf(target), 'proxy'),
      ]
    : [];
  const ways = [direct, through].filter((steps) => steps.length > 0);
  const verdict = eitherOf(ways.map(allOf));
  const deciding = decidingStep(ways, verdict);
  const steps = ways.flat().map((step) => ({ ...step, decides: step === deciding }));
  return {
    host,
    port,
    steps,
    verdict,
    why: summaryOf({ verdict, deciding, target, isHeld: held.length > 0 }),
  };
}

function destinationsOf({ host, port, addresses = [] }: ExplainTarget): Destination[] {
  const own = hostAddress(host);
  if (own !== undefined) return [{ address: own, port, protocol: 'TCP' }];
  if (addresses.length === 0) return [{ host, port, protocol: 'TCP' }];
  return addresses.map((address) => ({ host, address, port, protocol: 'TCP' }));
}

function dnsStep(dns: DnsMode | undefined): OpenStep {
  const why = {
    none: 'The workload gets no DNS; the proxy looks a name up once it is allowed.',
    'kube-dns': 'The workload may ask the cluster DNS; the proxy looks a name up once it is allowed.',
    openshift: 'The workload may ask the cluster DNS; the proxy looks a name up once it is allowed.',
    'node-local':
      'The workload may ask the DNS cache of its node; the proxy looks a name up once it is allowed.',
  };
  return {
    path: 'proxy',
    layer: 'DNS',
    // The proxy looks names up by itself, whatever the workload may ask.
    verdict: 'allow',
    why:
      dns === undefined
        ? 'The proxy looks a name up once it is allowed; whether the workload may ask for names is not known.'
        : why[dns],
  };
}

function proxyStep({ host, port }: ExplainTarget, options: ExplainOptions): OpenStep {
  const { running, allowlist, atMs } = options;
  const inForce = running?.allowlist ?? allowlist;
  const step = { path: 'proxy', layer: 'proxy', pods: 'proxy' } as const;
  if (inForce === undefined) {
    return { ...step, verdict: 'unknown', why: 'What the proxy allows is not known.' };
  }
  const { decision } = explain(inForce, { host, port }, { atMs });
  const { result, reason, rule } = decision;
  const by = running?.allowlist === undefined ? 'The proxy' : running.where;
  const because = rule === undefined ? reason : `${rule.text}, ${reason}`;
  const stale =
    running?.allowlist !== undefined &&
    allowlist !== undefined &&
    explain(allowlist, { host, port }, { atMs }).decision.result !== result
      ? '; the allowlist that was written for it says otherwise'
      : '';
  return {
    ...step,
    verdict: result,
    ...(rule === undefined ? {} : { rule: rule.text, where: whereOf(rule) }),
    why: `${by} ${result === 'allow' ? 'allows' : 'denies'} it (${because})${stale}.`,
  };
}

/** Whatever the allowlist says, the proxy dials no special address unless it was told that it may. */
function addressSteps({ host, addresses = [] }: ExplainTarget): OpenStep[] {
  const own = hostAddress(host);
  const special = [...(own === undefined ? [] : [own]), ...addresses]
    .map((address) => specialUse(address))
    .find((use) => use !== undefined);
  if (special === undefined) return [];
  return [
    {
      path: 'proxy',
      layer: 'address',
      pods: 'proxy',
      verdict: 'unknown',
      why: `It leads to a special address (${special.name}), which the proxy dials only if --allow-private opens it.`,
    },
  ];
}

/** A way is open when every step lets pass. */
function allOf(steps: readonly OpenStep[]): Verdict {
  if (steps.some(({ verdict }) => verdict === 'deny')) return 'deny';
  return steps.every(({ verdict }) => verdict === 'allow') ? 'allow' : 'unknown';
}

function eitherOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('allow')) return 'allow';
  return verdicts.length > 0 && verdicts.every((verdict) => verdict === 'deny') ? 'deny' : 'unknown';
}

/** The first step that says what the outcome is, on the way that it comes from; of what lets pass, what has a rule. */
function decidingStep(ways: readonly (readonly OpenStep[])[], verdict: Verdict): OpenStep | undefined {
  const way = verdict === 'deny' ? ways.at(-1) : ways.find((steps) => allOf(steps) === verdict);
  const saying = way?.filter((step) => step.verdict === verdict && step.layer !== 'DNS') ?? [];
  return saying.find(({ rule }) => verdict === 'allow' && rule !== undefined) ?? saying[0];
}

interface SummaryParts {
  readonly verdict: Verdict;
  readonly deciding: OpenStep | undefined;
  readonly target: ExplainTarget;
  /** Whether what holds the workload was read. */
  readonly isHeld: boolean;
}

function summaryOf({ verdict, deciding, target, isHeld }: SummaryParts): string {
  const shown = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
  if (deciding === undefined)
    return `Whether ${shown} can be reached is not known: nothing was read that decides.`;
  const by = deciding.layer === 'proxy' ? 'the proxy' : deciding.layer;
  const open = isHeld ? '' : '; what keeps the workload from going round the proxy was not looked at';
  if (verdict === 'unknown') return `Whether ${shown} can be reached is not known: it hangs on ${by}${open}.`;
  if (verdict === 'deny') return `${shown} cannot be reached: ${by} denies it${open}.`;
  return deciding.path === 'direct'
    ? `${shown} can be reached without the proxy: ${by} lets it pass.`
    : `${shown} can be reached through the proxy: ${by} allows it${open}.`;
}
