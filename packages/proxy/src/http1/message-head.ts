import { METHODS } from 'node:http';
import type { Field } from '@paude/credentials';

/** Why bytes are no message that every reader reads alike. */
export interface MessageFault {
  readonly fault: 'bad-request' | 'bad-target' | 'headers-too-large';
  /** One clause without a full stop. */
  readonly detail: string;
}

/** The head of a request (RFC 9112 §3). Names and values are one byte a character. */
export interface Http1RequestHead {
  readonly method: string;
  /** The request target as it came. */
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly fields: readonly Field[];
}

/** The head of a response (RFC 9112 §4). */
export interface Http1ResponseHead {
  readonly status: number;
  readonly phrase: string;
  readonly version: '1.0' | '1.1';
  readonly fields: readonly Field[];
}

const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

// RFC 9110 §5.6.2 (token), §5.5 (field-value), RFC 9112 §2.2, §5: a line ends in CR LF, a name ends at its colon.
const FIELD_LINE = /([!#$%&'*+\-.^_`|~\dA-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)\r\n/y;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP\/(\d)\.(\d)\r\n/;
const STATUS_LINE = /^HTTP\/(\d)\.(\d) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n/;
/** A line end that not every reader takes for one; a CR at the end may still become a good one. */
const BARE_LINE_END = /(?<!\r)\n|\r(?!\n|$)/;

const NO_RESPONSE = 'it is no response of HTTP/1.1';

/** Reads the head of a request. @param text All of it, up to and with the CR LF of its last field. */
export function parseRequestHead(text: string): Http1RequestHead | MessageFault {
  const line = REQUEST_LINE.exec(text);
  if (line === null) return bad(requestLineFault(text));
  const [all, method = '', target = '', major, minor] = line;
  if (!KNOWN_METHODS.has(method)) return bad('the method is none that is known');
  if (major !== '1' || (minor !== '1' && minor !== '0'))
    return bad('the version is not HTTP/1.1 or HTTP/1.0');
  if (!isAscii(target))
    return { fault: 'bad-target', detail: 'the request target has a byte outside of ASCII' };
  const fields = parseFields(text, all.length);
  if (typeof fields === 'string') return bad(fields);
  return { method, target, version: minor === '1' ? '1.1' : '1.0', fields };
}

/** Reads the head of a response. @param text All of it, up to and with the CR LF of its last field. */
export function parseResponseHead(text: string): Http1ResponseHead | MessageFault {
  const line = STATUS_LINE.exec(text);
  if (line === null) return bad(NO_RESPONSE);
  const [all, major, minor, status, phrase = ''] = line;
  if (major !== '1' || (minor !== '1' && minor !== '0'))
    return bad('its version is not HTTP/1.1 or HTTP/1.0');
  const fields = parseFields(text, all.length);
  if (typeof fields === 'string') return bad(fields);
  return { status: Number(status), phrase, version: minor === '1' ? '1.1' : '1.0', fields };
}

/**
 * Reads field lines up to the end of the text.
 *
 * @param from Where the first one begins.
 * @returns what is wrong with one of them, as a clause that shows nothing of it.
 */
export function parseFields(text: string, from: number): Field[] | string {
  const fields: Field[] = [];
  let at = from;
  while (at < text.length) {
    FIELD_LINE.lastIndex = at;
    const line = FIELD_LINE.exec(text);
    if (line === null) return fieldFault(text, at);
    const [all, name = '', value = ''] = line;
    fields.push([name, withoutEndSpace(value)]);
    at += all.length;
  }
  return fields;
}

/** Whether a line ends in a way that not every reader takes for an end. A CR at the end of the text may become a good one. */
export function hasBareLineEnd(text: string): boolean {
  return BARE_LINE_END.test(text);
}

/** What is wrong with the first line of a message, however it goes on. @param line With its CR LF. */
export function lineFault(line: string, kind: 'request' | 'response'): MessageFault | undefined {
  const head = kind === 'request' ? parseRequestHead(line) : parseResponseHead(line);
  return 'fault' in head ? head : undefined;
}

/** What is wrong with the beginning of a first line; undefined when it may become a good one. */
export function beginningFault(text: string, kind: 'request' | 'response'): MessageFault | undefined {
  const isPossible =
    kind === 'request'
      ? /^[!#$%&'*+\-.^_`|~\dA-Za-z]+(?: (?:[^\0-\x20\x7f]+(?: [HTP/.\d]*\r?)?)?)?$/.test(text)
      : 'HTTP/1.'.startsWith(text.slice(0, 7));
  if (isPossible) return undefined;
  return bad(kind === 'request' ? 'the request line is malformed' : NO_RESPONSE);
}

function bad(detail: string): MessageFault {
  return { fault: 'bad-request', detail };
}

function requestLineFault(text: string): string {
  const line = text.slice(0, text.indexOf('\r\n') + 2);
  return BARE_LINE_END.test(line) ? 'a line ends in CR or LF alone' : 'the request line is malformed';
}

/** Which rule a field line breaks. */
function fieldFault(text: string, at: number): string {
  const line = text.slice(at, text.indexOf('\r\n', at) + 2);
  if (/^[ \t]/.test(line)) return 'a field is folded over lines, or begins with a space';
  if (BARE_LINE_END.test(line)) return 'a line ends in CR or LF alone';
  const colon = line.indexOf(':');
  if (colon < 0) return 'a field has no colon';
  if (/[ \t]$/.test(line.slice(0, colon))) return 'a space stands in front of a colon';
  const value = line.slice(colon + 1, -2);
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return 'the name of a field is no token';
  return 'the value of a field has a control character';
}

function withoutEndSpace(value: string): string {
  let end = value.length;
  while (end > 0 && (value.charCodeAt(end - 1) === 0x20 || value.charCodeAt(end - 1) === 0x09)) end--;
  return end === value.length ? value : value.slice(0, end);
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7e) return false;
  }
  return true;
}
