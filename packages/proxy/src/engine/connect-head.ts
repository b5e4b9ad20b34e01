/** What we read of a CONNECT request's head (RFC 9110 §9.3.6). */
export interface ConnectHead {
  /** The request target, as it came. */
  readonly authority: string;
  readonly proxyAuthorization: string | undefined;
  readonly accept: string | undefined;
  /** Offset of the first byte behind the head. */
  readonly end: number;
}

export type HeadReading =
  | { readonly kind: 'partial' }
  | { readonly kind: 'connect'; readonly head: ConnectHead }
  /** Not a CONNECT: for the HTTP server. */
  | { readonly kind: 'other' }
  | { readonly kind: 'bad'; readonly reason: 'bad-request' | 'headers-too-large'; readonly why: string };

const CONNECT = Buffer.from('CONNECT ');
const END = '\r\n\r\n';
const MAX_FIELDS = 100;
const PARTIAL: HeadReading = { kind: 'partial' };
const OTHER: HeadReading = { kind: 'other' };

/**
 * Reads the head of a CONNECT at the start of `bytes`; stricter than RFC 9112 asks (§3 to §5): CRLF alone ends a line, no
 * folding, no space before a colon, no body. It refuses what the HTTP server's reader refuses, which gets those CONNECTs
 * that are not the first request of their connection; so more than one space may stand between the parts.
 */
export function readConnectHead(bytes: Buffer, maxBytes: number): HeadReading {
  const compared = Math.min(bytes.length, CONNECT.length);
  if (CONNECT.compare(bytes, 0, compared, 0, compared) !== 0) return OTHER;
  const blank = bytes.indexOf(END, 0, 'latin1');
  if (blank === -1) {
    if (bytes.length > maxBytes) return bad('the head is too long', 'headers-too-large');
    return hasBareLineFeed(bytes) ? bad('a line ends in LF alone') : PARTIAL;
  }
  if (blank > maxBytes) return bad('the head is too long', 'headers-too-large');
  return readLines(bytes.toString('latin1', 0, blank + 2), blank + END.length);
}

/** `text` is the head up to and with the CRLF of its last line. */
function readLines(text: string, end: number): HeadReading {
  const lineEnd = text.indexOf('\r\n');
  const targetStart = skipSpaces(text, CONNECT.length);
  const targetEnd = text.indexOf(' ', targetStart);
  if (targetEnd === -1 || targetEnd > lineEnd) return bad('the request line has no version');
  const version = text.slice(skipSpaces(text, targetEnd), lineEnd);
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') return bad('the version is not HTTP/1.1 or HTTP/1.0');
  const authority = text.slice(targetStart, targetEnd);
  if (authority.includes('\n')) return bad('a line ends in LF alone');
  let proxyAuthorization: string | undefined;
  let accept: string | undefined;
  let hosts = 0;
  let lengths = 0;
  let fields = 0;
  for (let start = lineEnd + 2; start < text.length; ) {
    const colon = fieldNameEnd(text, start);
    if (colon === -1) return bad('a header field has no valid name');
    const stop = fieldValueEnd(text, colon + 1);
    if (stop === -1) return bad('a header field has a control character');
    if (++fields > MAX_FIELDS) return bad('too many header fields', 'headers-too-large');
    switch (text.slice(start, colon).toLowerCase()) {
      case 'host':
        hosts++;
        break;
      case 'proxy-authorization':
        if (proxyAuthorization !== undefined) return bad('Proxy-Authorization stands twice');
        proxyAuthorization = fieldValue(text, colon + 1, stop);
        break;
      case 'accept':
        accept = fieldValue(text, colon + 1, stop);
        break;
      case 'content-length':
        if (fieldValue(text, colon + 1, stop) !== '0') return bad('a CONNECT has no body');
        if (++lengths > 1) return bad('Content-Length stands twice');
        break;
      case 'transfer-encoding':
        return bad('a CONNECT has no body');
    }
    start = stop + 2;
  }
  if (hosts > 1) return bad('Host stands twice');
  if (hosts === 0 && version === 'HTTP/1.1') return bad('Host is missing');
  return { kind: 'connect', head: { authority, proxyAuthorization, accept, end } };
}

/** The offset of the first character at or behind `start` that is no space. */
function skipSpaces(text: string, start: number): number {
  let index = start;
  while (text.charCodeAt(index) === 0x20) index++;
  return index;
}

/** The offset of the colon behind a field name, or -1 when the name has a character that is no tchar (RFC 9110 §5.6.2). */
function fieldNameEnd(text: string, start: number): number {
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x3a) return index === start ? -1 : index;
    if (!isTokenCharacter(code)) return -1;
  }
  return -1;
}

/** The offset of the CRLF behind a field value, or -1 when a control character or a lone CR or LF stands in it. */
function fieldValueEnd(text: string, start: number): number {
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x0d) return text.charCodeAt(index + 1) === 0x0a ? index : -1;
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return -1;
  }
  return -1;
}

/** A value without the spaces and tabs around it (RFC 9110 §5.5); `trim` would take no-break spaces as well. */
function fieldValue(text: string, start: number, stop: number): string {
  let first = start;
  let last = stop;
  while (first < last && isBlank(text.charCodeAt(first))) first++;
  while (last > first && isBlank(text.charCodeAt(last - 1))) last--;
  return text.slice(first, last);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

const TOKEN = new Set(
  Array.from("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", codeOf),
);

function codeOf(character: string): number {
  return character.charCodeAt(0);
}

function isTokenCharacter(code: number): boolean {
  return TOKEN.has(code);
}

function hasBareLineFeed(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) {
    if (bytes[at - 1] !== 0x0d) return true;
  }
  return false;
}

function bad(why: string, reason: 'bad-request' | 'headers-too-large' = 'bad-request'): HeadReading {
  return { kind: 'bad', reason, why };
}
