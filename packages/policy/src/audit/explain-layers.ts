import { compile, type Rule, tryParseHost } from '@paude/allowlist';
import type { EnforcementLayer } from '../diff/source.ts';
import { whereOf, whereOfObject } from '../diff/where.ts';
import type { Destination, Verdict } from '../model/lifted.ts';
import type { OpenStep } from './explain-step.ts';

/** Kinds that are enforced apart from all others: traffic has to pass them as well. All other kinds may add up. */
const APART: ReadonlySet<string> = new Set(['EgressFirewall', 'EgressNetworkPolicy', 'Istio']);

/**
 * The steps of the objects that hold a group of pods. Kinds that select pods add up in some clusters and rank in others:
 * where they are at odds, the outcome is not known.
 */
export function explainLayers(
  layers: readonly EnforcementLayer[],
  destinations: readonly Destination[],
  path: OpenStep['path'],
): OpenStep[] {
  const steps = layers.map((layer) => ({ layer, step: stepOf(layer, destinations, path) }));
  const adding = steps.filter(({ layer }) => !APART.has(layer.kind));
  const verdicts = new Set(adding.map(({ step }) => step.verdict));
  const isAtOdds = verdicts.has('allow') && verdicts.has('deny');
  return steps.map(({ layer, step }) => {
    if (!isAtOdds || APART.has(layer.kind)) return step;
    const others = adding.flatMap(({ layer: { kind } }) => (kind === layer.kind ? [] : [kind]));
    return {
      ...step,
      verdict: 'unknown',
      why: `${step.why.replace(/\.$/, '')}; ${others.join(' and ')} says otherwise, and which of them wins depends on the cluster.`,
    };
  });
}

function stepOf(
  layer: EnforcementLayer,
  destinations: readonly Destination[],
  path: OpenStep['path'],
): OpenStep {
  const { kind, pods, objects, lifted } = layer;
  const verdict = together(destinations.map((destination) => layer.evaluate(destination)));
  const rule = ruleFor(layer, destinations[0], verdict);
  const [object] = objects;
  const where =
    rule === undefined
      ? objects.length === 1 && object !== undefined
        ? whereOfObject(object)
        : undefined
      : whereOf(rule);
  const says = {
    allow: lifted.isFailOpen
      ? `Nothing of the kind ${kind} holds the ${pods}`
      : `${where?.text ?? kind} lets the ${pods} reach it`,
    deny: `${where?.text ?? kind} does not let the ${pods} reach it`,
    unknown: `Whether ${where?.text ?? kind} lets the ${pods} reach it hangs on what is not in it, such as the address`,
  };
  return {
    path,
    layer: kind,
    pods,
    verdict,
    ...(rule === undefined ? {} : { rule: rule.text }),
    ...(where === undefined ? {} : { where }),
    why: `${says[verdict]}.`,
  };
}

/** A name has several addresses, and the one that is dialled is not known before. */
function together(verdicts: readonly Verdict[]): Verdict {
  const [first = 'unknown'] = verdicts;
  return verdicts.every((verdict) => verdict === first) ? first : 'unknown';
}

/** The rule of what was lifted that says the same as the objects do. */
function ruleFor(
  { lifted }: EnforcementLayer,
  destination: Destination | undefined,
  verdict: Verdict,
): Rule | undefined {
  const host = tryParseHost(destination?.host ?? '');
  if (lifted.isFailOpen || destination === undefined || typeof host !== 'string') return undefined;
  const decision = compile(lifted.allowlist).decide(host, destination.port);
  return decision.result === verdict && decision.reason !== 'port-not-allowed' ? decision.rule : undefined;
}
