import type { Answer } from '../answers/answer.ts';
import { pathOf } from '../request/path.ts';
import { queryValues } from '../request/query.ts';
import { type Field, fieldValues, type RequestHead } from '../request/request-head.ts';
import { STUB } from '../request/stub.ts';
import { CLOUD_PLATFORM } from './adc-token.ts';

/** What the stand-in says of the project. */
export interface MetadataFacts {
  /** The route's name. */
  readonly route: string;
  readonly projectId?: string | undefined;
  readonly universeDomain?: string | undefined;
}

/** Names and the address by which client libraries look for the metadata server. */
const METADATA_HOSTS: ReadonlySet<string> = new Set([
  'metadata.google.internal',
  'metadata.goog',
  'metadata',
  '169.254.169.254',
  'fd20:ce::254',
]);

const EMAIL = `${STUB}@session.invalid`;
const TOKEN = { access_token: STUB, expires_in: 3599, token_type: 'Bearer' };

/**
 * Stands in for the metadata server of Google Cloud: a stub token, and as much of the rest as client libraries ask for.
 * Undefined when the request is for another host. As with the real one a request must say `Metadata-Flavor: Google` and
 * must not come through a forwarding proxy.
 */
export function answerMetadata(head: RequestHead, facts: MetadataFacts): Answer | undefined {
  if (!METADATA_HOSTS.has(head.host)) return undefined;
  if (head.method !== 'GET' && head.method !== 'HEAD') return text(facts, 405, 'Method not allowed\n');
  const path = pathOf(head.path).replace(/\/+$/, '');
  if (path === '') return text(facts, 200, 'computeMetadata/\n');
  const flavors = fieldValues(head.fields, 'metadata-flavor');
  if (flavors.length !== 1 || flavors[0] !== 'Google')
    return text(facts, 403, 'Missing Metadata-Flavor:Google header.\n');
  if (fieldValues(head.fields, 'x-forwarded-for').length > 0)
    return text(facts, 403, 'X-Forwarded-For is not allowed.\n');
  const found = find(tree(facts), path);
  if (found === undefined) return text(facts, 404, 'Not found\n');
  if (typeof found === 'string') return text(facts, 200, found);
  if ('access_token' in found) return json(facts, found);
  if (queryValues(head.path, 'recursive').some((value) => value.toLowerCase() === 'true')) {
    return queryValues(head.path, 'alt').includes('text')
      ? text(facts, 200, listing(found))
      : json(facts, camel(found));
  }
  return text(facts, 200, listing(found));
}

interface Directory {
  readonly [name: string]: string | Directory | typeof TOKEN;
}

/** The part of the tree that client libraries read. There is no identity: an id token would be a real credential. */
function tree({ projectId, universeDomain = 'googleapis.com' }: MetadataFacts): Directory {
  const account = { aliases: 'default', email: EMAIL, scopes: CLOUD_PLATFORM, token: TOKEN };
  return {
    instance: {
      id: '0',
      name: STUB,
      'service-accounts': { default: account, [EMAIL]: account },
      zone: 'projects/0/zones/session',
    },
    project: { 'numeric-project-id': '0', ...(projectId === undefined ? {} : { 'project-id': projectId }) },
    universe: { 'universe-domain': universeDomain },
  };
}

function find(root: Directory, path: string): string | Directory | typeof TOKEN | undefined {
  const [, first, version, ...names] = path.split('/');
  if (first !== 'computeMetadata') return undefined;
  if (version === undefined) return { v1: root };
  if (version !== 'v1') return undefined;
  let found: string | Directory | typeof TOKEN = root;
  for (const name of names.map(plainName)) {
    if (typeof found === 'string' || 'access_token' in found || !Object.hasOwn(found, name)) return undefined;
    const inner: string | Directory | typeof TOKEN | undefined = found[name];
    if (inner === undefined) return undefined;
    found = inner;
  }
  return found;
}

function plainName(name: string): string {
  return name.replace(/%40/gi, '@');
}

function listing(directory: Directory): string {
  return Object.entries(directory)
    .map(([name, inner]) =>
      typeof inner === 'string' || 'access_token' in inner ? `${name}\n` : `${name}/\n`,
    )
    .join('');
}

/** A recursive answer has its names in camel case, leaves tokens out, and has lists as lists. */
function camel(directory: Directory): object {
  return Object.fromEntries(
    Object.entries(directory)
      .filter(([name]) => name !== 'token')
      .map(([name, inner]) => [
        name.includes('@') ? name : name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
        typeof inner === 'string' ? leaf(name, inner) : 'access_token' in inner ? inner : camel(inner),
      ]),
  );
}

function leaf(name: string, value: string): string | readonly string[] | number {
  if (name === 'scopes' || name === 'aliases') return value.split('\n');
  return name === 'numeric-project-id' || name === 'id' ? Number(value) : value;
}

function text(facts: MetadataFacts, status: number, body: string): Answer {
  return answer(facts, status, 'application/text', body);
}

function json(facts: MetadataFacts, value: object): Answer {
  return answer(facts, 200, 'application/json', JSON.stringify(value));
}

function answer({ route }: MetadataFacts, status: number, type: string, body: string): Answer {
  const fields: readonly Field[] = [
    ['content-type', type],
    ['metadata-flavor', 'Google'],
    ['server', 'Metadata Server for VM'],
    ['cache-control', 'no-store'],
  ];
  return { kind: 'metadata', route, status, fields, body };
}
