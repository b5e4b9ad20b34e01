import { objectAt, parseJson } from '../json.ts';

/** The claims of a JWT (RFC 7519), unverified: enough to learn what a token says of itself. Undefined when it is none. */
export function jwtClaims(token: string): Readonly<Record<string, unknown>> | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined || payload === '' || token.split('.').length !== 3) return undefined;
  return objectAt(parseJson(Buffer.from(payload, 'base64url').toString('utf8')));
}

/** When a JWT ends, in milliseconds since 1970; undefined when it is none or does not say. */
export function jwtExpiryMs(token: string): number | undefined {
  const exp = jwtClaims(token)?.exp;
  return typeof exp === 'number' && Number.isFinite(exp) && exp > 0 ? exp * 1000 : undefined;
}

/** A JWT that nobody signed, for a client that wants to read claims out of a stub. */
export function unsignedJwt(claims: object, signature: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.${signature}`;
}
