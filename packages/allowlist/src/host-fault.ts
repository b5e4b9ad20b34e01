import { PaudeError } from '@paude/errors';

/** Why a text is not a host. Stable: scripts, tests and the audit log match on it. */
export type HostFaultCode =
  | 'host-empty'
  | 'host-too-long'
  | 'label-empty'
  | 'label-too-long'
  | 'label-hyphen'
  | 'control-character'
  | 'space'
  | 'percent-encoding'
  | 'userinfo'
  | 'path'
  | 'colon'
  | 'wildcard'
  | 'character'
  | 'invisible-character'
  | 'idna-invalid'
  | 'ambiguous-address'
  | 'ipv6-invalid'
  | 'zone-id';

/** Why a text is not a host, as a value: what the hot path returns instead of throwing. One frozen object a code. */
export interface HostFault {
  readonly code: HostFaultCode;
  /** A clause without a full stop. */
  readonly why: string;
  /** What to do, without a full stop. */
  readonly remedy: string;
}

const DESCRIPTIONS: Readonly<Record<HostFaultCode, readonly [why: string, remedy: string]>> = {
  'host-empty': ['it is empty', 'Name a host'],
  'host-too-long': ['it is longer than 253 characters', 'Name a host that DNS can carry'],
  'label-empty': ['it has an empty label (two dots in a row, or one at the start)', 'Remove the extra dot'],
  'label-too-long': ['one of its labels is longer than 63 characters', 'Name a host that DNS can carry'],
  'label-hyphen': ['one of its labels starts or ends with a hyphen', 'Remove that hyphen'],
  'control-character': ['it holds a control character', 'Remove it'],
  space: ['it holds a space', 'Remove it'],
  'percent-encoding': ['it holds a percent sign', 'Write the host itself, not an encoded form of it'],
  userinfo: ['it holds an @ sign', 'Leave user names and passwords out'],
  path: ['it holds a slash', 'Name the host alone, without a scheme or a path'],
  colon: ['it holds a colon and is not an IPv6 address', 'Name the host alone, without a scheme or a port'],
  wildcard: ['it holds a wildcard', 'Name one host'],
  character: ['it holds a character that host names do not have', 'Use letters, digits, hyphens and dots'],
  'invisible-character': ['it holds an invisible character', 'Write the name again by hand'],
  'idna-invalid': [
    'it is not a valid internationalized name (UTS 46)',
    'Write the name in its xn-- form and check it',
  ],
  'ambiguous-address': [
    'it ends in a number but is not a dotted decimal IPv4 address, and systems disagree on what it means',
    'Write the address as four decimal numbers without leading zeros',
  ],
  'ipv6-invalid': ['it is not an IPv6 address', 'Write it as in [2001:db8::1]'],
  'zone-id': ['it names a network interface (a zone id)', 'Write the address without the part from % on'],
};

/** Every fault by its code. */
export const HOST_FAULTS: Readonly<Record<HostFaultCode, HostFault>> = Object.freeze(
  Object.fromEntries(
    Object.entries(DESCRIPTIONS).map(([code, [why, remedy]]) => [code, Object.freeze({ code, why, remedy })]),
  ),
) as Readonly<Record<HostFaultCode, HostFault>>;

/** The fault as an error with code `host-invalid`; its cause is the fault, so that its code can be read. */
export function hostError(fault: HostFault, input: string): PaudeError {
  return new PaudeError('host-invalid', {
    action: 'read the host',
    input,
    why: fault.why,
    remedy: fault.remedy,
    cause: fault,
  });
}
