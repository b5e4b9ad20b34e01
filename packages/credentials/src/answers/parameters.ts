import { fieldValues, type RequestHead } from '../request/request-head.ts';
import { MAX_ANSWERED_BYTES } from './answer.ts';

/** The parameters of a request to a token endpoint; values that JSON has as something else than text are left out. */
export type Parameters = ReadonlyMap<string, string>;

/**
 * Reads the parameters of a body, form or JSON, the way that every server would read them.
 *
 * @returns why they cannot be read without doubt, as a clause; a string for that, the parameters otherwise.
 */
export function readParameters(head: RequestHead, body: Uint8Array): Parameters | string {
  if (body.byteLength > MAX_ANSWERED_BYTES) return `the body is larger than ${MAX_ANSWERED_BYTES} bytes`;
  if (head.path.includes('?')) return 'parameters stand in the query';
  const encoding = fieldValues(head.fields, 'content-encoding').join().trim().toLowerCase();
  if (encoding !== '' && encoding !== 'identity') return 'the body is compressed';
  const types = fieldValues(head.fields, 'content-type');
  if (types.length !== 1) return 'there is not exactly one content-type';
  const type = (types[0] ?? '').split(';')[0]?.trim().toLowerCase();
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return 'the body is not UTF-8';
  }
  if (type === 'application/x-www-form-urlencoded') return readForm(text);
  if (type === 'application/json') return readJson(text);
  return 'the content-type is neither a form nor JSON';
}

function readForm(text: string): Parameters | string {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (parameters.has(name)) return `the parameter ${shown(name)} stands there twice`;
    parameters.set(name, value);
  }
  return parameters;
}

function readJson(text: string): Parameters | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'the body is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'the body is no JSON object';
  // The parser keeps the last of two, other servers the first.
  const twice = repeatedKey(text);
  if (twice !== undefined) return `the parameter ${shown(twice)} stands there twice`;
  const parameters = new Map<string, string>();
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'string') parameters.set(name, inner);
    else if (typeof inner === 'number' || typeof inner === 'boolean') parameters.set(name, String(inner));
    // What lies deeper might hide a secret from us and show it to the server: as text it is no stub.
    else if (inner !== null) parameters.set(name, JSON.stringify(inner));
  }
  return parameters;
}

/** A key that stands twice in the outermost object of a JSON text, which is known to be well-formed. */
function repeatedKey(text: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && token.endsWith(':')) {
      const key: unknown = JSON.parse(token.replace(/\s*:$/, ''));
      if (seen.has(String(key))) return String(key);
      seen.add(String(key));
    }
  }
  return undefined;
}

/** A parameter's name for a message: names are words; anything else is not repeated. */
function shown(name: string): string {
  return /^[a-z_]{1,40}$/i.test(name) ? name : 'with an odd name';
}
