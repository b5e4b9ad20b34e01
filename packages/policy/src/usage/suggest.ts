import { type Finding, hostKind, lint, parseWords, STANDARD_PORTS } from '@paude/allowlist';
import { type Need, needsOf, type SeenStatus } from './needs.ts';
import { chooseAliases } from './suggest-aliases.ts';
import { chooseWildcards } from './suggest-wildcards.ts';
import type { Usage } from './usage.ts';

/** How a suggestion is to be made. */
export interface SuggestOptions {
  /** Whether aliases may stand for several hosts of them. @default true */
  readonly aliases?: boolean;
  /** So many hosts directly below one domain become `*.domain`. @default 4 */
  readonly minSiblings?: number;
  /** Whether the words are also to allow what was denied. @default false */
  readonly includeDenied?: boolean;
}

/** One word, and why it is suggested. */
export interface SuggestedEntry {
  readonly word: string;
  readonly kind: 'alias' | 'wildcard' | 'host' | 'address';
  /** The best of what became of its hosts: a host that a rule allowed, one that report-only mode let pass, or one denied. */
  readonly status: SeenStatus;
  /** The hosts that were seen and that it stands for, the most asked for first. */
  readonly hosts: readonly string[];
  /** The ports at which they were asked for, sorted. */
  readonly ports: readonly number[];
  readonly requests: number;
  /** In both directions. */
  readonly bytes: number;
  /** One clause for people. */
  readonly why: string;
  /** What lint has to say of it. */
  readonly findings: readonly Finding[];
}

/** An allowlist for what was seen. */
export interface Suggestion {
  /** The words of `entries`, and with `includeDenied` those of `denied`. */
  readonly words: readonly string[];
  /** For what was let pass, the most asked for first. */
  readonly entries: readonly SuggestedEntry[];
  /** For what was refused because no rule allows it. What a rule denies is never suggested. */
  readonly denied: readonly SuggestedEntry[];
}

/** Ports in one word: more make it longer than the pattern grammar takes. */
const PORTS_PER_WORD = 300;

/**
 * The smallest sensible allowlist for what was seen: aliases where much of one is used, `*.domain` for many siblings, and
 * else the very hosts and ports. It allows every target that was let pass.
 */
export function suggest(usage: Usage, options: SuggestOptions = {}): Suggestion {
  const { passed, refused } = needsOf(usage);
  const entries = entriesFor(passed, options);
  // Hosts that were asked for in vain show what was tried, not what belongs together.
  const denied = entriesFor(refused, { aliases: false, minSiblings: Number.POSITIVE_INFINITY });
  const words = [...entries, ...(options.includeDenied === true ? denied : [])].map(({ word }) => word);
  return { words: [...new Set(words)], entries, denied };
}

type Draft = Pick<SuggestedEntry, 'word' | 'kind' | 'why'> & { readonly needs: readonly Need[] };

function entriesFor(needs: readonly Need[], options: SuggestOptions): SuggestedEntry[] {
  const { aliases = true, minSiblings = 4 } = options;
  const { chosen, rest } = aliases ? chooseAliases(needs) : { chosen: [], rest: [...needs] };
  const wildcards = chooseWildcards(rest, { minSiblings: Math.max(2, minSiblings), portsOf });
  const drafts: Draft[] = [
    ...chosen.map(({ alias, needs: own, used, patterns }) => {
      return {
        word: alias,
        kind: 'alias' as const,
        needs: own,
        why: `${used} of its ${patterns} patterns are used`,
      };
    }),
    ...wildcards.chosen.map(({ word, needs: own }) => {
      return {
        word,
        kind: 'wildcard' as const,
        needs: own,
        why: `${own.length} hosts stand directly below that domain`,
      };
    }),
    ...wildcards.rest.flatMap(hostDrafts),
  ];
  const findings = Map.groupBy(
    lint(parseWords(drafts.map(({ word }) => word))),
    ({ rule }) => rule.source.word,
  );
  return drafts
    .map((draft) => entryOf(draft, findings.get(draft.word) ?? []))
    .sort((a, b) => b.requests - a.requests || (a.word < b.word ? -1 : 1));
}

function hostDrafts(need: Need): Draft[] {
  const isName = hostKind(need.host) === 'name';
  const kind = isName ? ('host' as const) : ('address' as const);
  const written = !isName && need.host.includes(':') ? `[${need.host}]` : need.host;
  // A bare word is an alias, so a host of one label has a trailing dot.
  const host = isName && !written.includes('.') ? `${written}.` : written;
  const why = `${need.requests} ${need.requests === 1 ? 'request' : 'requests'}`;
  const tail = portsOf(need);
  if (tail.length <= 1800) return [{ word: `${host}${tail}`, kind, why, needs: [need] }];
  const ports = sorted(need.ports);
  const parts = Array.from({ length: Math.ceil(ports.length / PORTS_PER_WORD) }, (_, part) =>
    ports.slice(part * PORTS_PER_WORD, (part + 1) * PORTS_PER_WORD),
  );
  return parts.map((part) => {
    return { word: `${host}:{${part.join(',')}}`, kind, why, needs: [{ ...need, ports: new Set(part) }] };
  });
}

/** Nothing for 80 and 443, else the ports that were seen. */
function portsOf({ ports }: Need): string {
  const own = sorted(ports);
  if (own.every((port) => STANDARD_PORTS.includes(port))) return '';
  return own.length === 1 ? `:${own[0]}` : `:{${own.join(',')}}`;
}

function sorted(ports: Iterable<number>): number[] {
  return [...ports].sort((a, b) => a - b);
}

function entryOf({ needs, ...draft }: Draft, findings: readonly Finding[]): SuggestedEntry {
  const statuses = new Set(needs.map(({ status }) => status));
  const status = (['allowed', 'would-deny', 'denied'] as const).find((candidate) => statuses.has(candidate));
  return {
    ...draft,
    status: status ?? 'denied',
    hosts: needs.toSorted((a, b) => b.requests - a.requests).map(({ host }) => host),
    ports: sorted(new Set(needs.flatMap(({ ports }) => [...ports]))),
    requests: needs.reduce((sum, { requests }) => sum + requests, 0),
    bytes: needs.reduce((sum, { bytes }) => sum + bytes, 0),
    findings,
  };
}
