import { type Address, formatAddress, parseAddress, parseIpv4, parseIpv6, type Words } from './address.ts';
import { HOST_FAULTS, type HostFault, hostError } from './host-fault.ts';
import { toAsciiName } from './idna.ts';

declare const hostBrand: unique symbol;

/**
 * A host in its one canonical form: a lower-case ASCII name (IDNA applied, no trailing dot), an IPv4 address in dotted
 * decimal, or an IPv6 address in RFC 5952 text without brackets. Only `parseHost` and `tryParseHost` make one.
 */
export type Host = string & { readonly [hostBrand]: true };

export type HostKind = 'name' | 'ipv4' | 'ipv6';

const DOT = 46;
const HYPHEN = 45;
const COLON = 58;

/**
 * Reads a host and brings it to its canonical form; IPv6 may come with or without brackets.
 *
 * @throws PaudeError `host-invalid`; its cause is the `HostFault`.
 */
export function parseHost(input: string): Host {
  const host = tryParseHost(input);
  if (typeof host === 'string') return host;
  throw hostError(host, input);
}

/**
 * `parseHost` without exceptions, for the proxy's hot path: a string is the host, an object says why there is none.
 * A name that is already canonical comes back as the very same string, with nothing allocated.
 */
export function tryParseHost(input: string): Host | HostFault {
  return isPlainName(input) ? (input as Host) : parseUnusual(input);
}

/** What a host is. Relies on the canonical form: no name has a colon, and no name's last label is all digits. */
export function hostKind(host: Host): HostKind {
  // An IPv6 group has at most four digits, so a colon stands among the first five characters or nowhere.
  for (let index = 0; index < 5; index++) if (host.charCodeAt(index) === COLON) return 'ipv6';
  for (let index = host.length - 1; index >= 0; index--) {
    const code = host.charCodeAt(index);
    if (code === DOT) return 'ipv4';
    if (code < 48 || code > 57) return 'name';
  }
  return 'name';
}

/** The address that an IP host is; undefined for a name. */
export function hostAddress(host: Host): Address | undefined {
  return hostKind(host) === 'name' ? undefined : parseAddress(host);
}

/** The host that an address is; an IPv4-mapped IPv6 address is the IPv4 address itself. */
export function addressHost(address: Address): Host {
  return formatAddress(unmapped(address)) as Host;
}

/** One pass over a name that needs no work at all; whatever is doubtful is left to the careful way. */
function isPlainName(input: string): boolean {
  const length = input.length;
  if (length > 253) return false;
  let labelStart = 0;
  let previous = DOT;
  let onlyDigits = true;
  for (let index = 0; index < length; index++) {
    const code = input.charCodeAt(index);
    if ((code >= 97 && code <= 122) || code === 95) {
      onlyDigits = false;
    } else if (code === DOT) {
      if (previous === DOT || previous === HYPHEN || index - labelStart > 63) return false;
      labelStart = index + 1;
      onlyDigits = true;
    } else if (code === HYPHEN) {
      if (previous === DOT) return false;
      // "xn--" needs its punycode checked.
      if (index - labelStart === 3 && input.startsWith('xn--', labelStart)) return false;
      onlyDigits = false;
    } else if (code < 48 || code > 57) {
      return false;
    }
    previous = code;
  }
  if (previous === DOT || previous === HYPHEN || length - labelStart > 63) return false;
  return !onlyDigits && !isHexNumber(input, labelStart);
}

function isHexNumber(input: string, start: number): boolean {
  if (input.charCodeAt(start) !== 48 || (input.charCodeAt(start + 1) | 32) !== 120) return false;
  for (let index = start + 2; index < input.length; index++) {
    const code = input.charCodeAt(index) | 32;
    if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) return false;
  }
  return true;
}

function parseUnusual(input: string): Host | HostFault {
  if (input.length === 0) return HOST_FAULTS['host-empty'];
  // Nothing longer can become a host, and the work below must stay bounded.
  if (input.length > 1024) return HOST_FAULTS['host-too-long'];
  if (input.includes(':') || input.startsWith('[')) return parseIpv6Host(input);
  const ascii = toAsciiName(input);
  if (typeof ascii !== 'string') return ascii;
  const name = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii;
  if (isPlainName(name)) return name as Host;
  return parseChecked(name);
}

/** What is left after lower-casing and IDNA: a name with xn-- labels, an IPv4 address, or a fault. */
function parseChecked(name: string): Host | HostFault {
  if (name.length === 0) return HOST_FAULTS['host-empty'];
  if (name.length > 253) return HOST_FAULTS['host-too-long'];
  let labelStart = 0;
  for (let index = 0; index <= name.length; index++) {
    if (index < name.length && name.charCodeAt(index) !== DOT) continue;
    if (index === labelStart) return HOST_FAULTS['label-empty'];
    if (index - labelStart > 63) return HOST_FAULTS['label-too-long'];
    if (name.charCodeAt(labelStart) === HYPHEN || name.charCodeAt(index - 1) === HYPHEN) {
      return HOST_FAULTS['label-hyphen'];
    }
    if (index < name.length) labelStart = index + 1;
  }
  if (/^\d+$/.test(name.slice(labelStart)) || isHexNumber(name, labelStart)) {
    return parseIpv4(name) === undefined ? HOST_FAULTS['ambiguous-address'] : (name as Host);
  }
  return name as Host;
}

function parseIpv6Host(input: string): Host | HostFault {
  const bracketed = input.startsWith('[') && input.endsWith(']');
  const text = bracketed ? input.slice(1, -1) : input;
  const words = parseIpv6(text);
  if (words !== undefined) return addressHost({ family: 6, words });
  if (parseIpv6(text.slice(0, Math.max(0, text.indexOf('%')))) !== undefined) return HOST_FAULTS['zone-id'];
  if (bracketed || input.startsWith('[')) return HOST_FAULTS['ipv6-invalid'];
  // Nothing but hex digits, dots and two or more colons was meant as an address; all else was meant as host:port.
  return /^[\da-f.]*:[\da-f.]*:[\da-f.:]*$/i.test(input) ? HOST_FAULTS['ipv6-invalid'] : HOST_FAULTS.colon;
}

/** `::ffff:a.b.c.d` reaches the IPv4 address a.b.c.d (RFC 4291 section 2.5.5.2), so it must not pass as another host. */
function unmapped(address: Address): Address {
  const [first, second, third, last]: Words = address.words;
  return address.family === 6 && first === 0 && second === 0 && third === 0xffff
    ? { family: 4, words: [last, 0, 0, 0] }
    : address;
}
