import { formatPattern, type Pattern } from './pattern.ts';
import { formatPorts, type PortSet } from './ports.ts';

export type Effect = 'allow' | 'deny';

/** What a tunnel must carry: TLS whose SNI is the host (`sni`), or anything (`any`). */
export type TlsRequirement = 'sni' | 'any';

/** Where a rule comes from. */
export interface RuleSource {
  /** The word as it was written. */
  readonly word: string;
  /** The alias whose pattern this is, when the word is an alias (the innermost one). */
  readonly alias?: string;
  /** The file it stands in, as it was named. */
  readonly file?: string;
  /** Counted from 1. */
  readonly line?: number;
}

/** One rule of an allowlist, parsed. */
export interface Rule {
  /** The canonical word: parsing it gives a rule with the same effect, pattern and ports. */
  readonly text: string;
  readonly effect: Effect;
  readonly pattern: Pattern;
  /** A deny that names no port is for `all`. */
  readonly ports: PortSet;
  readonly tls: TlsRequirement;
  /** Why the rule is there, as its author or the alias says. */
  readonly reason?: string;
  /** From this moment on (milliseconds since 1970) the rule no longer counts. */
  readonly expiresAtMs?: number;
  readonly source: RuleSource;
}

/** The rules a person wrote, in order. */
export interface Allowlist {
  readonly rules: readonly Rule[];
  /** The ports of a rule whose `ports` is `default`, sorted. */
  readonly defaultPorts: readonly number[];
}

/** The canonical word for an effect, a pattern and ports. */
export function formatRule(rule: Pick<Rule, 'effect' | 'pattern' | 'ports'>): string {
  const { effect, pattern, ports } = rule;
  if (effect === 'deny') return `!${formatPattern(pattern)}${ports === 'all' ? '' : formatPorts(ports)}`;
  // `all` stands for every port by itself.
  if (pattern.kind === 'any' && ports === 'all') return 'all';
  return `${formatPattern(pattern)}${formatPorts(ports)}`;
}
