import { parseAuthority, type Target } from '../engine/target.ts';

/** The port that an authority without one means inside of TLS. */
const HTTPS_PORT = 443;

/** As long as a host name with a port may be. */
const MAX_SHOWN_CHARACTERS = 259;

/** Whether a Host or `:authority` names exactly the target of the tunnel that it came through. */
export function namesTarget(authority: string, target: Target): boolean {
  const named = parseAuthority(authority, HTTPS_PORT);
  return 'host' in named && named.host === target.host && named.port === target.port;
}

/** An authority for the log: userinfo may be a password, and what a client makes up must not fill the log. */
export function shownAuthority(authority: string): string {
  return authority.slice(
    authority.lastIndexOf('@') + 1,
    authority.lastIndexOf('@') + 1 + MAX_SHOWN_CHARACTERS,
  );
}

/** A request target in origin form, or why it is none. */
export type OriginForm =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'mismatch'; readonly detail: string }
  | { readonly kind: 'bad'; readonly detail: string };

const PLAIN = /^[\x21\x24-\x5b\x5d-\x7e"]*$/;

/**
 * The path and query of a request inside of TLS, as they came. Absolute form is taken where it names the target of the
 * tunnel (RFC 9112 §3.2.2).
 */
export function originForm(url: string, method: string, target: Target): OriginForm {
  if (!PLAIN.test(url))
    return { kind: 'bad', detail: 'the request target has a character that must be encoded' };
  if (url.startsWith('/')) return { kind: 'path', path: url };
  if (url === '*') {
    if (method === 'OPTIONS') return { kind: 'path', path: url };
    return { kind: 'bad', detail: 'only OPTIONS has the request target *' };
  }
  const [, scheme = '', authority = '', rest = ''] = /^([a-z][a-z\d+.-]*):\/\/([^/?]*)(.*)$/i.exec(url) ?? [];
  if (scheme === '') return { kind: 'bad', detail: 'the request target is neither a path nor a URL' };
  if (scheme.toLowerCase() !== 'https' || !namesTarget(authority, target)) {
    return {
      kind: 'mismatch',
      detail: `the request target names ${scheme.toLowerCase()}://${shownAuthority(authority)}`,
    };
  }
  return { kind: 'path', path: rest.startsWith('/') ? rest : `/${rest}` };
}
