import { type FindingCode, hostKind, lint, parseWords } from '@paude/allowlist';
import { getDomain } from 'tldts';
import type { Need } from './needs.ts';

/** A wildcard, and the needs that it stands for. */
export interface WildcardChoice {
  /** `*.example.com`, with ports when they are not 80 and 443. */
  readonly word: string;
  readonly needs: readonly Need[];
}

/** What a wildcard must not open: names of strangers, and places where anyone may write. */
const UNWANTED: ReadonlySet<FindingCode> = new Set(['public-suffix-wide', 'anyone-can-write']);

/**
 * Chooses `*.x` where at least `minSiblings` hosts stand directly below x with the same ports: never for a domain under
 * which strangers have names, nor one below which anyone may write, nor where what stands in front looks like data: names are
 * a way to send some out, and a wildcard would leave it open.
 */
export function chooseWildcards(
  needs: readonly Need[],
  options: { readonly minSiblings: number; readonly portsOf: (need: Need) => string },
): { chosen: WildcardChoice[]; rest: Need[] } {
  const families = new Map<string, Need[]>();
  for (const need of needs) {
    const parent = parentOf(need);
    if (parent === undefined) continue;
    const word = `*.${parent}${options.portsOf(need)}`;
    const family = families.get(word);
    if (family === undefined) families.set(word, [need]);
    else family.push(need);
  }
  const candidates = [...families].filter(([, { length }]) => length >= options.minSiblings);
  // All at once: what lint looks at first is the same for each.
  const findings = lint(parseWords(candidates.map(([word]) => word)));
  const unwanted = new Set(
    findings.filter(({ code }) => UNWANTED.has(code)).map(({ rule }) => rule.source.word),
  );
  const chosen = candidates
    .filter(([word, own]) => !unwanted.has(word) && !own.some(isData))
    .map(([word, own]) => ({ word, needs: own }));
  const covered = new Set(chosen.flatMap(({ needs: own }) => own));
  return { chosen, rest: needs.filter((need) => !covered.has(need)) };
}

/** Whether the first label of a host is more likely data in letters and digits than a name that somebody has chosen. */
function isData({ host }: Need): boolean {
  const [label = ''] = host.split('.');
  const turns = label.match(/[a-z](?=\d)|\d(?=[a-z])/g)?.length ?? 0;
  return /^[\da-f]{12,}$/.test(label) || (label.length >= 12 && turns >= 4) || /[^-]{30}/.test(label);
}

/** The domain that a host stands directly below; undefined when that is no one's own. */
function parentOf({ host }: Need): string | undefined {
  if (hostKind(host) !== 'name') return undefined;
  const parent = host.slice(host.indexOf('.') + 1);
  const registrable = getDomain(host, { allowPrivateDomains: true, extractHostname: false });
  if (registrable === null || host === registrable || !host.includes('.')) return undefined;
  return parent === registrable || parent.endsWith(`.${registrable}`) ? parent : undefined;
}
