import { parse as parseDomain } from 'tldts';
import { cidrCovers } from './cidr.ts';
import type { Finding } from './finding.ts';
import { nameMatcher } from './matcher.ts';
import type { ExpressionPattern, Pattern } from './pattern.ts';
import type { Rule } from './rule.ts';
import { SPECIAL_USES } from './special-use.ts';

/** Fewer bits of prefix than this are more than one organization's network. */
const BROAD_PREFIX = { 4: 16, 6: 32 } as const;

/** Suffixes that many domains are registered under: what an expression without a literal ending is tried on. */
const COMMON_SUFFIXES = ['com', 'net', 'org', 'io', 'dev', 'ai', 'app', 'co.uk', 'github.io'];

/** Suffixes of the public list below which only their owner makes names. */
const OWNED_SUFFIXES: ReadonlySet<string> = new Set(['googleapis.com']);

/** A label that no rule was written for. */
const STRANGER = 'x7q';

/** What a rule, taken alone, opens too widely. Denies open nothing. */
export function lintWidth(rule: Rule): Finding[] {
  if (rule.effect === 'deny') return [];
  const { pattern } = rule;
  const findings: (Finding | undefined)[] = [allowsAll(rule), widePort(rule), publicSuffixWide(rule)];
  if (pattern.kind === 'expression') findings.push(unanchored(rule, pattern));
  if (pattern.kind === 'address') findings.push(broadRange(rule), specialUseAddress(rule));
  return findings.filter((finding) => finding !== undefined);
}

function allowsAll(rule: Rule): Finding | undefined {
  if (rule.pattern.kind !== 'any') return undefined;
  return {
    code: 'allows-all',
    severity: 'warning',
    rule,
    message: `${rule.text} allows every host${rule.ports === 'all' ? ' on every port' : ''}`,
    remedy: 'Name the hosts that are needed; run in report-only mode to learn them',
  };
}

function widePort(rule: Rule): Finding | undefined {
  const { pattern, ports, text } = rule;
  if (pattern.kind === 'any' || (ports !== 'all' && (ports === 'default' || ports.length < 100)))
    return undefined;
  return {
    code: 'wide-port',
    severity: 'warning',
    rule,
    message: `${text} allows ${ports === 'all' ? 'every port' : `${ports.length} ports`}, which lets other protocols than HTTP out`,
    remedy: 'Name the ports that are needed, as in host:8443',
  };
}

function publicSuffixWide(rule: Rule): Finding | undefined {
  const suffix = suffixesOf(rule.pattern).find((name) => publicSuffixKind(name) !== undefined);
  if (suffix === undefined) return undefined;
  const isRegistry = publicSuffixKind(suffix) === 'registry';
  return {
    code: 'public-suffix-wide',
    severity: isRegistry ? 'error' : 'warning',
    rule,
    message: `${rule.text} matches names under ${suffix}, where ${isRegistry ? 'anyone can register a domain' : 'anyone can have a subdomain'}`,
    remedy: `Name the domain that you mean, as in .example.${suffix}`,
  };
}

/** Names below which a pattern matches whatever label comes next. */
function suffixesOf(pattern: Pattern): string[] {
  switch (pattern.kind) {
    case 'suffix':
    case 'one-label':
    case 'subdomains':
      return [pattern.name];
    case 'glob':
      return [pattern.suffix];
    case 'expression': {
      const matches = nameMatcher(pattern);
      const suffixes = pattern.suffix === '' ? COMMON_SUFFIXES : [pattern.suffix];
      return suffixes.filter((suffix) =>
        [`${STRANGER}.${suffix}`, `${STRANGER}.${STRANGER}.${suffix}`].some((name) => matches(name)),
      );
    }
    default:
      return [];
  }
}

function publicSuffixKind(name: string): 'registry' | 'service' | undefined {
  const { publicSuffix, isIcann, isPrivate } = parseDomain(name, {
    allowPrivateDomains: true,
    extractHostname: false,
  });
  if (publicSuffix !== name || OWNED_SUFFIXES.has(name)) return undefined;
  return isPrivate === true ? 'service' : isIcann === true || !name.includes('.') ? 'registry' : undefined;
}

function unanchored(rule: Rule, { source }: ExpressionPattern): Finding | undefined {
  const bare = source.replace(/\\./g, '\0').replace(/\[\^?\]?[^\]]*\]/g, '\0');
  const openDot = /[a-z\d]\.(?=[a-z\d])/i.exec(bare) !== null;
  const openStart = !/^(?:\^|\\\.|\((?:\?:)?\^\|\\\.\))/.test(source);
  if (!openDot && !openStart) return undefined;
  return {
    code: 'unanchored-expression',
    severity: 'warning',
    rule,
    message: openStart
      ? `${rule.text} is not anchored at its start, so that anything may stand in front of what it matches`
      : `${rule.text} has a dot that is not escaped, so that any character may stand there`,
    remedy: openStart ? 'Begin it with ^, or with \\. for subdomains' : 'Write \\. for a dot',
  };
}

function broadRange(rule: Rule): Finding | undefined {
  if (rule.pattern.kind !== 'address') return undefined;
  const { cidr } = rule.pattern;
  const { family, prefix, text } = cidr;
  // A private network is one owner's, however large.
  const isSpecial = SPECIAL_USES.some((use) => cidrCovers(use.cidr, cidr));
  if (prefix >= BROAD_PREFIX[family] || isSpecial) return undefined;
  return {
    code: 'broad-address-range',
    severity: 'warning',
    rule,
    message: `${text} is a wide range of addresses, likely of many owners`,
    remedy: `Name the addresses that are needed, or ranges of /${BROAD_PREFIX[family]} and longer`,
  };
}

function specialUseAddress(rule: Rule): Finding | undefined {
  const { pattern } = rule;
  if (pattern.kind !== 'address') return undefined;
  const use = SPECIAL_USES.find(
    ({ cidr }) => cidrCovers(cidr, pattern.cidr) || cidrCovers(pattern.cidr, cidr),
  );
  if (use === undefined) return undefined;
  return {
    code: 'special-use-address',
    severity: 'info',
    rule,
    message: `${pattern.cidr.text} has special-use addresses (${use.name}, ${use.cidr.text}), which the proxy refuses all the same`,
    remedy: 'Open them with --allow-private as well, if they are meant',
  };
}
