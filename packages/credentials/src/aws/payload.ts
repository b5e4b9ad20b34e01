import { fieldValues, type RequestHead } from '../request/request-head.ts';

/** How the body of a request comes into its signature. */
export type Payload =
  /** By what stands in x-amz-content-sha256. */
  | { readonly kind: 'hash'; readonly hash: string }
  /** By the digest of a body that has to be seen first. */
  | { readonly kind: 'body' }
  /** There is none. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'unsupported'; readonly detail: string };

/** Values of x-amz-content-sha256 that say nothing of the bytes, and so stay right whoever signs. */
const UNSIGNED: ReadonlySet<string> = new Set(['UNSIGNED-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER']);

/** Whether a service is S3 or one of its kin (`s3express`, `s3-outposts`), whose signatures differ from all others. */
export function isS3(service: string | undefined): boolean {
  return service?.startsWith('s3') ?? false;
}

/**
 * How the body is to be signed. A digest that the client gave is taken: the service compares it with the body. Chunks that
 * the client signed one by one cannot be signed again without reading and rewriting the body.
 */
export function payloadOf(head: RequestHead, service: string | undefined): Payload {
  const given = fieldValues(head.fields, 'x-amz-content-sha256');
  const [hash] = given;
  if (given.length > 1) return { kind: 'unsupported', detail: 'x-amz-content-sha256 stands there twice' };
  if (hash !== undefined) {
    if (/^[\da-f]{64}$/.test(hash) || UNSIGNED.has(hash)) return { kind: 'hash', hash };
    return {
      kind: 'unsupported',
      detail: hash.startsWith('STREAMING-')
        ? 'its chunks are signed one by one; let the client send UNSIGNED-PAYLOAD or a digest of the whole body'
        : 'x-amz-content-sha256 is neither a digest nor UNSIGNED-PAYLOAD',
    };
  }
  if (isBodiless(head)) return { kind: 'empty' };
  // S3 lets a body go unsigned over TLS; other services do not.
  return isS3(service) ? { kind: 'hash', hash: 'UNSIGNED-PAYLOAD' } : { kind: 'body' };
}

function isBodiless({ method, fields }: RequestHead): boolean {
  const [length] = fieldValues(fields, 'content-length');
  return length === undefined ? method === 'GET' || method === 'HEAD' : Number(length) === 0;
}
