import { toASCII } from 'tr46';
import { HOST_FAULTS, type HostFault, type HostFaultCode } from './host-fault.ts';

/**
 * Non-transitional UTS 46 processing. CheckHyphens is off because names such as `r3---sn.example` are in use (a hyphen
 * at a label's edge is refused elsewhere); UseSTD3ASCIIRules is off because underscores are in use, and every ASCII
 * character of the result is checked here instead.
 */
const OPTIONS = { checkBidi: true, checkJoiners: true } as const;

const NON_ASCII = /[\x80-\uffff]/;

/** Characters that show as nothing. The two joiners are not among them: ContextJ rules decide on those. */
const INVISIBLE = /(?![\u200c\u200d])\p{Default_Ignorable_Code_Point}/u;

const FAULT_OF_CHARACTER: Readonly<Record<string, HostFaultCode>> = {
  ' ': 'space',
  '%': 'percent-encoding',
  '@': 'userinfo',
  '/': 'path',
  '\\': 'path',
  ':': 'colon',
  '*': 'wildcard',
  '?': 'wildcard',
  '{': 'wildcard',
  '}': 'wildcard',
  '[': 'wildcard',
  ']': 'wildcard',
};

/**
 * Lower-cases a name and turns its non-ASCII labels to their `xn--` form, following UTS 46; `xn--` labels must survive
 * the way to Unicode and back. Says nothing on lengths, hyphens and empty labels, and keeps a trailing dot.
 */
export function toAsciiName(input: string): string | HostFault {
  const fault = characterFault(input);
  if (fault !== undefined) return HOST_FAULTS[fault];
  if (!NON_ASCII.test(input)) {
    const lower = input.toLowerCase();
    if (!lower.includes('xn--')) return lower;
    // A label that decodes and encodes to something else has two spellings: one of them would slip past a rule.
    return toAsciiChecked(lower) === lower ? lower : HOST_FAULTS['idna-invalid'];
  }
  if (INVISIBLE.test(input)) return HOST_FAULTS['invisible-character'];
  const ascii = toAsciiChecked(input);
  if (ascii === undefined) return HOST_FAULTS['idna-invalid'];
  // Compatibility characters map to ASCII: a full-width slash becomes a slash only here.
  const mappedFault = characterFault(ascii);
  if (mappedFault !== undefined) return HOST_FAULTS[mappedFault];
  return toAsciiChecked(ascii) === ascii ? ascii : HOST_FAULTS['idna-invalid'];
}

function toAsciiChecked(name: string): string | undefined {
  const ascii = toASCII(name, OPTIONS) ?? undefined;
  // STD3 for the one ASCII character that is allowed elsewhere: none of it inside an internationalized label.
  return ascii !== undefined && /(?:^|\.)xn--[^.]*_/.test(ascii) ? undefined : ascii;
}

function characterFault(text: string): HostFaultCode | undefined {
  const bad = /[^a-z\d._\-\x80-\uffff]/i.exec(text)?.[0];
  if (bad === undefined) return undefined;
  return bad < ' ' || bad === '\x7f' ? 'control-character' : (FAULT_OF_CHARACTER[bad] ?? 'character');
}
