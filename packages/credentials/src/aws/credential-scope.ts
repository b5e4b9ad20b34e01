import { queryValues, withoutQuery } from '../request/query.ts';
import { fieldValues, type RequestHead, withoutField } from '../request/request-head.ts';

/** What a client's own signature says: by whom, and for which region and service. */
export interface ClientSignature {
  /** Every access key id and session token that stands in the request. */
  readonly credentials: readonly string[];
  readonly region: string | undefined;
  readonly service: string | undefined;
  /** Another algorithm than AWS4-HMAC-SHA256. */
  readonly isOther: boolean;
}

/** Fields that belong to a signature, or follow from one. */
const SIGNATURE_FIELDS = ['authorization', 'x-amz-date', 'x-amz-security-token', 'x-amz-region-set'];

/** Parameters of a presigned request. */
const SIGNATURE_PARAMETERS = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
  'X-Amz-Security-Token',
  'X-Amz-Region-Set',
  // Those of Signature Version 2.
  'AWSAccessKeyId',
  'Signature',
  'SignatureMethod',
  'SignatureVersion',
];

const NAME = /^[a-z\d-]{1,64}$/;

/** Reads the client's signature from the field or the query (Signature Version 4; the scope of 4A has no region). */
export function clientSignature(head: RequestHead): ClientSignature {
  const fields = fieldValues(head.fields, 'authorization').filter((value) => value.trim() !== '');
  const scopes = [
    ...fields.map((value) => /\bCredential=([^,\s]+)/.exec(value)?.[1] ?? lastWord(value)),
    ...queryValues(head.path, 'X-Amz-Credential'),
    ...queryValues(head.path, 'AWSAccessKeyId'),
  ];
  const tokens = [
    ...fieldValues(head.fields, 'x-amz-security-token'),
    ...queryValues(head.path, 'X-Amz-Security-Token'),
  ];
  const [id = '', , region, service, end] = scopes[0]?.split('/') ?? [];
  const isV4 = end === 'aws4_request' && id !== '';
  return {
    credentials: [...scopes.map((scope) => scope.split('/')[0] ?? ''), ...tokens].filter(
      (text) => text !== '',
    ),
    region: isV4 && region !== undefined && NAME.test(region) ? region : undefined,
    service: isV4 && service !== undefined && NAME.test(service) ? service : undefined,
    isOther: fields.some((value) => !/^AWS4-HMAC-SHA256\s/.test(value) && value.includes(' ')),
  };
}

/** The request without a signature. */
export function withoutSignature(head: RequestHead): RequestHead {
  return {
    ...head,
    path: SIGNATURE_PARAMETERS.reduce(withoutQuery, head.path),
    fields: SIGNATURE_FIELDS.reduce(withoutField, [...head.fields]),
  };
}

/** Of a field that is no signature, such as a bare stub or `Bearer …`: what would be the credential in it. */
function lastWord(value: string): string {
  return value.trim().split(/\s+/).at(-1) ?? '';
}
