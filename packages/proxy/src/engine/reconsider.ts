import type { EngineContext } from './context.ts';
import { type Judgement, judge } from './judge.ts';
import type { Target } from './target.ts';

/** Denials that a further rule would lift. Against a rule that denies there is nothing to say. */
const LIFTABLE: ReadonlySet<string> = new Set([
  'not-listed',
  'address-not-listed',
  'port-not-allowed',
  'rule-expired',
  'empty-allowlist',
]);

/** What the allowlist says of a target in the end: where somebody can be asked about a denial, they have been. */
export async function reconsider(
  context: EngineContext,
  target: Target,
  judgement: Judgement,
): Promise<Judgement> {
  if (context.consider === undefined || !LIFTABLE.has(judgement.facts.reason)) return judgement;
  await context.consider(target.host, target.port);
  return judge(context, target);
}
