import type { Field } from '@paude/credentials';

/** Fields that speak to the next hop only (RFC 9110 §7.6.1 and older), and those that this proxy sets itself. */
const NOT_FORWARDED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/**
 * Fields that mean something only in front of a message: framing, routing, credentials, what the body is (RFC 9110
 * §6.5.1). Behind it, a reader that merges trailers with headers would take them for what the proxy has written itself.
 */
const NOT_IN_TRAILERS = new Set([
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'host',
  'max-forwards',
  'range',
  'set-cookie',
]);

/** Digits of the longest length that every reader can hold: below 2^53. */
const MAX_LENGTH_DIGITS = 15;

/** Header fields in pairs: name, value, name, value, …, as Node gives and takes them raw. */
export type RawFields = readonly string[];

/** Every value of a field, whatever its case; `undefined` for none. */
export function fieldValues(fields: RawFields, name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index]?.toLowerCase() === name) values.push(fields[index + 1] ?? '');
  }
  return values;
}

/** The fields that go on to the next hop: without hop-by-hop fields and without those that Connection names. */
export function endToEndFields(fields: RawFields): string[] {
  const nominated = new Set<string>();
  for (const value of fieldValues(fields, 'connection')) {
    for (const option of value.split(',')) nominated.add(option.trim().toLowerCase());
  }
  // A Connection field cannot take away what says how long the message is; we write that ourselves.
  nominated.delete('content-length');
  const kept: string[] = [];
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] ?? '';
    const lower = name.toLowerCase();
    if (!NOT_FORWARDED.has(lower) && !nominated.has(lower)) kept.push(name, fields[index + 1] ?? '');
  }
  return kept;
}

/** The same for fields as pairs. */
export function endToEndPairs(fields: readonly Field[]): Field[] {
  const nominated = nominatedBy(fields);
  return fields.filter(([name]) => {
    const lower = name.toLowerCase();
    return !NOT_FORWARDED.has(lower) && nominated?.has(lower) !== true;
  });
}

/** The names in Connection that take fields away; most often there are none. */
function nominatedBy(fields: readonly Field[]): Set<string> | undefined {
  let nominated: Set<string> | undefined;
  for (const [name, value] of fields) {
    if (name.length !== 'connection'.length || name.toLowerCase() !== 'connection') continue;
    nominated ??= new Set();
    for (const option of value.split(',')) nominated.add(option.trim().toLowerCase());
  }
  nominated?.delete('content-length');
  return nominated;
}

/** Fields of a request for the next hop: Host is the target, whatever the client wrote (RFC 9112 §3.2.2). */
export function requestFields(fields: RawFields, host: string, via: string): string[] {
  const kept = ['Host', host];
  const passed = endToEndFields(fields);
  for (let index = 0; index < passed.length; index += 2) {
    if (passed[index]?.toLowerCase() !== 'host') kept.push(passed[index] ?? '', passed[index + 1] ?? '');
  }
  kept.push('Via', via);
  return kept;
}

/** Fields of a response for the client. */
export function responseFields(fields: RawFields, via: string): string[] {
  return [...endToEndFields(fields), 'Via', via];
}

/** The fields of trailers, and of interim responses, that go on. */
export function trailerFields(fields: RawFields): string[] {
  const passed = endToEndFields(fields);
  const kept: string[] = [];
  for (let index = 0; index < passed.length; index += 2) {
    if (!NOT_IN_TRAILERS.has(passed[index]?.toLowerCase() ?? ''))
      kept.push(passed[index] ?? '', passed[index + 1] ?? '');
  }
  return kept;
}

/** The same for fields as pairs. */
export function trailerPairs(fields: readonly Field[]): Field[] {
  return endToEndPairs(fields).filter(([name]) => !NOT_IN_TRAILERS.has(name.toLowerCase()));
}

/**
 * Why the end of a message cannot be told beyond doubt (RFC 9112 §6.3), where Node's parser can tell it all the same;
 * undefined when it can.
 */
export function framingFault(fields: RawFields, httpVersion: string): string | undefined {
  const [length, secondLength] = fieldValues(fields, 'content-length');
  const [coding, secondCoding] = fieldValues(fields, 'transfer-encoding');
  if (secondLength !== undefined) return 'content-length stands twice';
  if (secondCoding !== undefined) return 'transfer-encoding stands twice';
  if (length !== undefined && (length.length > MAX_LENGTH_DIGITS || !/^\d+$/.test(length)))
    return 'the content length is no number that every reader can hold';
  if (coding === undefined) return undefined;
  if (coding.toLowerCase() !== 'chunked') return 'the transfer coding is not chunked alone';
  return httpVersion === '1.1' ? undefined : 'HTTP/1.0 has no transfer coding';
}

/** True when `pseudonym` stands in Via already: the request goes in a circle (RFC 9110 §7.6.3). */
export function hasPassed(fields: RawFields, pseudonym: string): boolean {
  return fieldValues(fields, 'via').some((value) =>
    value.split(',').some((hop) => hop.trim().split(/\s+/)[1]?.toLowerCase() === pseudonym),
  );
}
