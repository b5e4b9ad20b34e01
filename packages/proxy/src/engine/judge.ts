import { type Host, type Policy, tryParseHost } from '@paude/allowlist';
import type { DecisionFacts } from '../report/audit.ts';
import type { ReasonCode } from '../report/reasons.ts';
import type { Resolution } from '../resolve/resolver.ts';
import type { EngineContext } from './context.ts';
import type { Target } from './target.ts';

/** What the allowlist says of a target; made on the name alone, before anything is looked up. */
export interface Judgement {
  readonly allowed: boolean;
  readonly facts: DecisionFacts;
  /** Whether a tunnel's TLS must name the host. */
  readonly checkTls: boolean;
  /** The allowlist that was asked. */
  readonly policy: Policy;
}

/** Asks the allowlist. In report-only mode a denial becomes an allow that says so. */
export function judge(context: EngineContext, target: Target): Judgement {
  const { policy } = context;
  const { result, rule, reason } = policy.decide(target.host, target.port);
  const denied = result === 'deny';
  const facts: DecisionFacts = {
    decision: denied && !context.reportOnly ? 'deny' : 'allow',
    reason,
    rule: rule?.text,
    alias: rule?.source.alias,
    reportOnly: denied && context.reportOnly ? true : undefined,
  };
  return { allowed: facts.decision === 'allow', facts, checkTls: rule?.tls !== 'any', policy };
}

/** Where a target can be dialled. */
export type Located =
  | { readonly kind: 'addresses'; readonly addresses: readonly Host[] }
  | {
      readonly kind: 'refused';
      readonly reason: ReasonCode;
      readonly detail: string;
      readonly address?: Host;
      /** The rule that denies the address, when one does. */
      readonly rule?: string;
    };

/**
 * Looks a target up and keeps only addresses that may be dialled; at once where it is known. With an upstream proxy the
 * name is left to it, and only addresses that the client wrote itself can be checked.
 */
export function locate(context: EngineContext, target: Target): Located | Promise<Located> {
  const { resolver, connector } = context;
  const known = resolver.known(target.host);
  if (known !== undefined) return checked(context, target, known);
  if (connector.resolvesNames) return { kind: 'addresses', addresses: [target.host] };
  return resolver.resolve(target.host).then((resolution) => checked(context, target, resolution));
}

function checked(context: EngineContext, target: Target, resolution: Resolution): Located {
  if (resolution.kind === 'failed')
    return { kind: 'refused', reason: resolution.reason, detail: resolution.detail };
  let refused: Located | undefined;
  const addresses = resolution.addresses.filter((address) => {
    const fault = addressFault(context, address, target.port);
    if (fault !== undefined) refused ??= fault;
    return fault === undefined;
  });
  if (addresses.length > 0) return { kind: 'addresses', addresses };
  return refused ?? { kind: 'refused', reason: 'dns-no-address', detail: 'no address' };
}

function addressFault(context: EngineContext, address: Host, port: number): Located | undefined {
  const finding = context.addressPolicy.check(address);
  if (finding !== undefined) {
    const range = finding.range === undefined ? '' : ` ${finding.range}`;
    return {
      kind: 'refused',
      reason: 'address-not-allowed',
      detail: `${address} is ${finding.name}${range}`,
      address,
    };
  }
  if (context.ownAddresses.has(address, port)) {
    return { kind: 'refused', reason: 'own-address', detail: `${address} port ${port}`, address };
  }
  const rule = context.reportOnly ? undefined : denyingRule(context.policy, address, port);
  if (rule === undefined) return undefined;
  return { kind: 'refused', reason: 'denied-by-rule', detail: `its address ${address}`, address, rule };
}

/**
 * Whether what is open, or about to be opened, is still allowed by an allowlist that is newer than the one it was judged by.
 *
 * @param address The address it is connected to; empty when another proxy connects.
 */
export function isStillAllowed(policy: Policy, target: Target, address: string): boolean {
  if (policy.decide(target.host, target.port).result === 'deny') return false;
  const host = tryParseHost(address);
  return typeof host !== 'string' || denyingRule(policy, host, target.port) === undefined;
}

/** The deny rule that names an address, whatever name led to it: a denied range is denied under every name. */
function denyingRule(policy: Policy, address: Host, port: number): string | undefined {
  const { reason, rule } = policy.decide(address, port);
  return reason === 'denied-by-rule' ? rule.text : undefined;
}
