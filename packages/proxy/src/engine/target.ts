import { type Host, tryParseHost } from '@paude/allowlist';

/** Where a request wants to go: a canonical host and a port from 1 to 65535. */
export interface Target {
  readonly host: Host;
  readonly port: number;
}

/** Why an authority or URL was refused. `text` is the input, as it came. */
export interface TargetFault {
  readonly reason: 'bad-target' | 'not-a-proxy-request' | 'scheme-not-supported';
  readonly why: string;
  readonly text: string;
}

/** A plain HTTP request's target: where to, and what to ask for there (origin-form, RFC 9112 §3.2.1). */
export interface HttpTarget extends Target {
  /** Path and query exactly as they came, at least `/`; `*` for an OPTIONS without a path. */
  readonly path: string;
}

const NOT_ASCII = /[^\0-\x7f]/;

/**
 * Reads `host:port` (RFC 9110 §9.3.6), or `host` when there is a default port. Only what every reader reads alike passes:
 * no userinfo, no percent-encoding, no second colon, no leading zeros, nothing behind the port.
 */
export function parseAuthority(text: string, defaultPort?: number): Target | TargetFault {
  const bracket = text.charCodeAt(0) === 0x5b ? text.indexOf(']') : -2;
  if (bracket === -1) return fault(text, 'the bracket of the IPv6 address is not closed');
  const colon = bracket > 0 ? bracket + 1 : text.indexOf(':');
  const hasPort = colon >= 0 && colon < text.length;
  if (!hasPort && defaultPort === undefined) return fault(text, 'it names no port');
  if (hasPort && text.charCodeAt(colon) !== 0x3a)
    return fault(text, 'something stands behind the IPv6 address');
  const port = hasPort ? parsePort(text, colon + 1) : (defaultPort ?? 0);
  if (port === 0) return fault(text, 'the port is not a number from 1 to 65535');
  const name = bracket > 0 ? text.slice(1, bracket) : hasPort ? text.slice(0, colon) : text;
  // Brackets are for IPv6 alone; and what is not in brackets has no colon left, so cannot be IPv6.
  if (bracket > 0 && !name.includes(':')) return fault(text, 'what is in brackets is no IPv6 address');
  const host = tryParseHost(name);
  if (typeof host !== 'string') return fault(text, host.why);
  // On the wire a name is ASCII. Whoever reads other bytes has to guess their encoding, and not all guess alike.
  if (host !== name && NOT_ASCII.test(name)) return fault(text, 'it has a character that is not ASCII');
  return { host, port };
}

/** Reads an absolute-form `http://host[:port]/path?query` (RFC 9112 §3.2.2). */
export function parseHttpTarget(url: string, method: string): HttpTarget | TargetFault {
  if (url.charCodeAt(0) === 0x2f || url === '*') {
    return { reason: 'not-a-proxy-request', why: 'it names no host', text: url };
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return fault(url, 'it is no absolute URL');
  if (scheme !== 'http') return { reason: 'scheme-not-supported', why: `the scheme is ${scheme}`, text: url };
  for (let index = 7; index < url.length; index++) {
    const code = url.charCodeAt(index);
    if (code <= 0x20 || code >= 0x7f) return fault(url, 'it has a character that must be percent-encoded');
    if (code === 0x23 || code === 0x5c) return fault(url, 'it has a fragment or a backslash');
  }
  const start = url.slice(7).search(/[/?]/);
  const authority = start === -1 ? url.slice(7) : url.slice(7, 7 + start);
  const rest = start === -1 ? '' : url.slice(7 + start);
  const target = parseAuthority(authority, 80);
  if ('reason' in target) return { ...target, text: url };
  const path = rest === '' ? (method === 'OPTIONS' ? '*' : '/') : rest.startsWith('?') ? `/${rest}` : rest;
  return { host: target.host, port: target.port, path };
}

/** Decimal digits without a leading zero, to the end of the text; 0 when it is anything else. */
function parsePort(text: string, start: number): number {
  const digits = text.length - start;
  if (digits < 1 || digits > 5 || text.charCodeAt(start) === 0x30) return 0;
  let port = 0;
  for (let index = start; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return 0;
    port = port * 10 + digit;
  }
  return port <= 65_535 ? port : 0;
}

function fault(text: string, why: string): TargetFault {
  return { reason: 'bad-target', why, text };
}

/** `host:port` as it is written: IPv6 in brackets. */
export function formatAuthority(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
