import type { z } from 'zod';
import { keyError, routeError } from './route-error.ts';
import { type InjectorType, injectSchemas, routeSchema, type WrittenRoute } from './schema.ts';

/** Keys under which people write a secret itself. */
const LITERAL_KEYS =
  /^(?:value|token|secret|password|key|credential|(?:api|access|secret|auth)[-_]?(?:key|token))$/i;

/** What each key takes, to follow its name in a message. No message shows what was written: it may be a secret. */
const TAKES: Readonly<Record<string, string>> = {
  name: 'takes letters, digits, dots, hyphens and underscores, 63 at most',
  from: 'takes { env: VARIABLE } or { file: PATH }; with gcp-adc also { metadataServer: true }',
  inject: `takes { type: … } with one of ${Object.keys(injectSchemas).join(', ')}`,
  hosts: 'takes a list of words, as in an allowlist',
  pathPrefix: 'takes a path, as in /v1/models',
  order: 'takes a whole number; the lowest comes first',
  requireStub: 'takes true or false',
  stub: 'takes a text of 8 characters or more, or a list of them',
  otherPlaces: 'takes a list of { header: NAME } and { query: NAME }',
  scrubBodies: 'takes true or false',
  allowMinting: 'takes true or false',
};

/**
 * Checks one written route.
 *
 * @param where The file and the entry, for messages.
 * @throws PaudeError `credentials-invalid`; no message shows a value.
 */
export function checkRoute(value: unknown, where: string): WrittenRoute {
  refuseLiterals(value, where);
  const result = routeSchema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.flatMap(flatten);
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown !== undefined) throw unknownKey(unknown.keys[0] ?? '', unknown.path, value, where);
  const [first] = issues;
  const [key, ...inner] = (first?.path ?? []).map(String);
  if (key === undefined) {
    throw routeError(where, 'it is no set of keys and values', 'Write name, from, inject and hosts');
  }
  const label = [key, ...inner.filter((part) => !/^\d+$/.test(part))].join('.');
  if (valueAt(value, first?.path ?? []) === undefined) {
    const needs = key === 'inject' && inner.length > 0 ? ` of type ${typeOf(value) ?? '…'}` : '';
    throw routeError(where, `${label}${needs} is missing`, `Add it: ${key} ${TAKES[key] ?? 'is needed'}`);
  }
  throw routeError(
    where,
    `${label} is not right: ${key} ${TAKES[key] ?? 'is not right'}`,
    `Correct ${label}`,
  );
}

type Issue = z.core.$ZodIssue;

/** Of a union the branch that came nearest: the one whose issues lie deepest, or are fewest. */
function flatten(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const depth = (issues: readonly Issue[]) => Math.max(...issues.map(({ path }) => path.length));
  const [best = []] = issue.errors.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length);
  return best.flatMap(flatten).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function unknownKey(key: string, path: readonly PropertyKey[], value: unknown, where: string): Error {
  const group = path.map(String).filter((part) => !/^\d+$/.test(part));
  const known = knownKeys(group, value);
  const under = group.length === 0 ? '' : ` under ${group.join('.')}`;
  if (known.includes(key))
    return routeError(where, `there is more than one of ${known.join(', ')}${under}`, 'Keep one');
  return keyError(key, known, { where, under });
}

function knownKeys(group: readonly string[], value: unknown): readonly string[] {
  if (group.length === 0) return Object.keys(routeSchema.shape);
  const type = typeOf(value);
  if (group.length === 1 && group[0] === 'inject' && type !== undefined)
    return Object.keys(injectSchemas[type].shape);
  if (group[0] === 'otherPlaces') return ['header', 'query'];
  if (group.at(-1) === 'provider') return ['tokenEndpoint', 'clientId', 'clientSecret', 'body', 'scope'];
  return ['env', 'file', ...(group[0] === 'from' ? ['metadataServer'] : [])];
}

function typeOf(value: unknown): InjectorType | undefined {
  const type = valueAt(value, ['inject', 'type']);
  return typeof type === 'string' && Object.hasOwn(injectSchemas, type) ? (type as InjectorType) : undefined;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let inner = value;
  for (const key of path) {
    if (typeof inner !== 'object' || inner === null) return undefined;
    inner = Reflect.get(inner, key);
  }
  return inner;
}

/** A secret that stands in the configuration is refused before anything else is said about it. */
function refuseLiterals(value: unknown, where: string): void {
  for (const group of ['', 'from', 'inject', 'inject.provider']) {
    const inner = valueAt(value, group === '' ? [] : group.split('.'));
    if (typeof inner !== 'object' || inner === null) continue;
    const known = knownKeys(group === '' ? [] : group.split('.'), value);
    const literal = Object.keys(inner).find((key) => LITERAL_KEYS.test(key) && !known.includes(key));
    if (literal === undefined) continue;
    throw routeError(
      where,
      `"${literal}"${group === '' ? '' : ` under ${group}`} would put the secret itself into the configuration`,
      'Put the secret into a variable of the proxy or into a file, and write from: { env: VARIABLE } or from: { file: PATH }',
    );
  }
  if (typeof valueAt(value, ['from']) === 'string') {
    throw routeError(
      where,
      'from takes no text, which might be the secret itself',
      'Write from: { env: VARIABLE } or from: { file: PATH }',
    );
  }
}
