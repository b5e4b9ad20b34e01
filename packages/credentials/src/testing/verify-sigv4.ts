import { createHash, createHmac } from 'node:crypto';
import type { RequestHead } from '../request/request-head.ts';

/** Whose signature is to be verified. */
export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/**
 * Verifies a Signature Version 4 as a service does, from what comes over the wire and from the documentation of the
 * algorithm alone (AWS Identity and Access Management, "Create a signed AWS API request").
 *
 * @returns what is wrong with it; undefined when it is right.
 */
export function sigv4Fault(head: RequestHead, body: Uint8Array, signer: Signer): string | undefined {
  const all = new Map<string, string>([
    ['host', head.port === 443 ? head.host : `${head.host}:${head.port}`],
  ]);
  for (const [name, value] of head.fields) {
    const key = name.toLowerCase();
    const text = value.trim().replace(/ +/g, ' ');
    all.set(key, all.has(key) ? `${all.get(key)},${text}` : text);
  }
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=(\S+), Signature=([\da-f]{64})$/;
  const match = pattern.exec(all.get('authorization') ?? '');
  if (match === null) return 'there is no signature';
  const [, id, day = '', region = '', service = '', names = '', signature] = match;
  if (id !== signer.accessKeyId) return 'it is by somebody else';
  const time = all.get('x-amz-date') ?? '';
  if (!time.startsWith(day)) return 'the dates differ';
  const signed = names.split(';');
  const needed = [...all.keys()].filter((name) => name === 'host' || name.startsWith('x-amz-'));
  const unsigned = needed.find((name) => !signed.includes(name));
  if (unsigned !== undefined) return `${unsigned} is not signed`;
  const digest = all.get('x-amz-content-sha256');
  if (service.startsWith('s3') && digest === undefined) return 'S3 wants x-amz-content-sha256';
  const question = head.path.indexOf('?');
  const path = question < 0 ? head.path : head.path.slice(0, question);
  const canonical = [
    head.method,
    service.startsWith('s3') ? path : canonicalPath(path),
    canonicalQuery(question < 0 ? '' : head.path.slice(question + 1)),
    ...signed.map((name) => `${name}:${all.get(name)}`),
    '',
    names,
    digest ?? sha256(body),
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(Buffer.from(canonical))].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<Buffer>(
    (secret, part) => hmac(secret, part),
    Buffer.from(`AWS4${signer.secretAccessKey}`),
  );
  return hmac(key, toSign).toString('hex') === signature
    ? undefined
    : `the signature is wrong for\n${canonical}`;
}

/** The path without dot and empty segments, each segment encoded once more. */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '.' && segment !== '') segments.push(encode(segment));
  }
  const end = path.endsWith('/') && segments.length > 0 ? '/' : '';
  return `/${segments.join('/')}${end}`;
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((piece) => piece !== '')
    .map((piece) => {
      const [name = '', ...value] = piece.split('=');
      return [encode(decodeURIComponent(name)), encode(decodeURIComponent(value.join('=')))] as const;
    })
    .toSorted(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map((pair) => pair.join('='))
    .join('&');
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** All but the unreserved characters of RFC 3986. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
