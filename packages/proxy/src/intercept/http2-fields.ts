import { constants, type Http2Stream, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import type { Field } from '@paude/credentials';
import { endToEndFields, fieldValues, trailerFields } from '../forward/fields.ts';
import { asFields } from './sides.ts';

/** The fields of a message that go on: without pseudo-fields, and without those that HTTP/2 forbids (RFC 9113 §8.2.2). */
export function messageFields(raw: readonly string[]): Field[] {
  const plain = withoutPseudo(raw);
  const fields = asFields(endToEndFields(plain));
  // The one value of TE that HTTP/2 has; gRPC servers insist on it.
  const wantsTrailers = fieldValues(plain, 'te').some((value) => value.trim().toLowerCase() === 'trailers');
  return wantsTrailers ? [...fields, ['te', 'trailers']] : fields;
}

/** The fields of trailers and of interim responses that go on. */
export function lesserFields(raw: readonly string[]): Field[] {
  return asFields(trailerFields(withoutPseudo(raw)));
}

/** Fields as an object, for the calls of Node that take no list. */
export function asObject(fields: readonly Field[]): OutgoingHttpHeaders {
  const object: Record<string, string[]> = Object.create(null);
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    object[key] = [...(object[key] ?? []), value];
  }
  return object;
}

/** Ends a message with its trailers. One with trailers that Node does not send is broken off. */
export function endWithTrailers(stream: Http2Stream, trailers: readonly Field[]): void {
  try {
    stream.sendTrailers(asObject(trailers));
  } catch {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

/** A flat list with names in lower case, as HTTP/2 wants them. */
export function asLowerRaw(fields: readonly Field[]): string[] {
  const raw: string[] = [];
  for (const [name, value] of fields) raw.push(name.toLowerCase(), value);
  return raw;
}

/** The values of a pseudo-field or field. */
export function only(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

function withoutPseudo(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (!name.startsWith(':')) kept.push(name, raw[index + 1] ?? '');
  }
  return kept;
}
