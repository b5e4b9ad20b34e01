/** What a session holds in place of every credential. Worth nothing to whoever takes it. */
export const STUB = 'paude-proxy-managed';

/** The texts that count as stubs for one credential. */
export type Stubs = ReadonlySet<string>;

/** The default stub, and further ones that a client insists on by their shape. */
export function stubsOf(further: readonly string[] = []): Stubs {
  return new Set([STUB, ...further]);
}

/** What git and GitHub's clients put beside a token that stands in the place of the user name. */
const NO_PASSWORDS: ReadonlySet<string> = new Set(['', 'x-oauth-basic']);

/**
 * Whether a value is a stub, bare or behind a scheme (`Bearer STUB`, `token STUB`, `Basic` with the stub as the password,
 * or as the user name and no password). A JWT with the stub for its signature is one: some clients read claims out of it.
 */
export function isStub(value: string, stubs: Stubs): boolean {
  const text = value.trim();
  if (isBareStub(text, stubs)) return true;
  const [, scheme = '', rest = ''] = /^([a-z][\w-]*)[ \t]+(\S+)$/i.exec(text) ?? [];
  if (scheme.toLowerCase() !== 'basic') return isBareStub(rest, stubs);
  const pair = Buffer.from(rest, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  const user = colon < 0 ? pair : pair.slice(0, colon);
  const password = colon < 0 ? '' : pair.slice(colon + 1);
  return stubs.has(password) || (stubs.has(user) && NO_PASSWORDS.has(password));
}

function isBareStub(text: string, stubs: Stubs): boolean {
  return stubs.has(text) || stubs.has(/^[\w-]+\.[\w-]+\.([\w-]+)$/.exec(text)?.[1] ?? '');
}
