import { PaudeError } from '@paude/errors';
import { parseIpv6 } from './address.ts';
import { type Cidr, parseCidr } from './cidr.ts';
import { isWild, parseGlob } from './glob.ts';
import { type Host, hostAddress, hostKind, tryParseHost } from './host.ts';
import type { NamePattern, Pattern } from './pattern.ts';

/** How a pattern is to be read. */
export interface PatternContext {
  /** The whole word that the pattern comes from, for messages. */
  readonly word: string;
  /** A deny may be as wide as it likes: `!.zip` is fine, `.zip` is not. */
  readonly isDeny: boolean;
}

/**
 * Reads the host part of a word, without `!`, port, braces and expressions: a name, a suffix, a wildcard, a glob, an
 * address or a range.
 *
 * @throws PaudeError `pattern-invalid`, or `cidr-invalid` for a range.
 */
export function parsePattern(text: string, context: PatternContext): Pattern {
  if (text.startsWith('[') && text.includes(':')) return addressPattern(text, context);
  if (text.includes('/')) return slashPattern(text, context);
  if (text.startsWith('**.')) return widePattern('subdomains', text, text.slice(3), context);
  if (text.startsWith('*.')) return widePattern('one-label', text, text.slice(2), context);
  if (text.startsWith('.')) return widePattern('suffix', text, text.slice(1), context);
  if (/^\*+$/.test(text))
    throw tooWide(context, 'it would match every host', 'write all to allow everything');
  if (isWild(text)) return parseGlob(text, context.word);
  const host = toHost(text, context);
  const address = hostAddress(host);
  if (address !== undefined) return { kind: 'address', cidr: parseCidr(host) };
  return { kind: 'exact', name: host };
}

function widePattern(
  kind: Exclude<NamePattern['kind'], 'exact'>,
  text: string,
  rest: string,
  context: PatternContext,
): Pattern {
  if (rest === '') throw tooWide(context, 'it would match every host', 'write all to allow everything');
  if (isWild(rest)) return parseGlob(text, context.word);
  const name = toHost(rest, context);
  if (hostKind(name) !== 'name') {
    throw invalid(
      context,
      'an IP address has no labels in front',
      `Write ${name}, or a range as in 198.51.100.0/24`,
    );
  }
  if (!context.isDeny && !name.includes('.')) {
    throw tooWide(context, `it would match every host under .${name}`, 'write all to allow everything');
  }
  return { kind, name };
}

function toHost(text: string, context: PatternContext): Host {
  const host = tryParseHost(text);
  if (typeof host !== 'string') throw invalid(context, host.why, host.remedy, host);
  return host;
}

function addressPattern(text: string, context: PatternContext): Pattern {
  const cidr = readCidr(text, context);
  if (cidr.prefix === 0 && !context.isDeny)
    throw tooWide(context, 'it would match every address', 'write all to allow everything');
  return { kind: 'address', cidr };
}

function slashPattern(text: string, context: PatternContext): Pattern {
  const [address = '', prefix = ''] = text.split('/', 2);
  // Something that looks like a range gets a message on ranges; anything else was meant as a URL.
  if (/^\[?[\d.:a-f]+\]?$/i.test(address) && /^\d+$/.test(prefix) && /[.:]/.test(address)) {
    return addressPattern(text, context);
  }
  throw invalid(
    context,
    'it holds a slash',
    `Write the host alone${address === '' || /[:*]/.test(address) ? '' : `: ${address}`}`,
  );
}

function readCidr(text: string, context: PatternContext): Cidr {
  try {
    return parseCidr(text);
  } catch (error) {
    if (error instanceof PaudeError) throw invalid(context, error.why, error.remedy, error);
    throw error;
  }
}

/** The error for a word that is no pattern. */
export function invalid(
  context: Pick<PatternContext, 'word'>,
  why: string,
  remedy: string,
  cause?: unknown,
): PaudeError {
  return new PaudeError('pattern-invalid', {
    action: 'read the pattern',
    input: context.word,
    why,
    remedy,
    cause,
  });
}

function tooWide(context: PatternContext, why: string, orElse: string): PaudeError {
  return invalid(context, why, `Name at least two labels, as in .example.com, or ${orElse}`);
}

/** Whether a text is IPv6 without brackets, of which no one can say where the address ends and the port begins. */
export function isBareIpv6(text: string): boolean {
  return parseIpv6(text) !== undefined || parseIpv6(text.replace(/:\d+$/, '')) !== undefined;
}
