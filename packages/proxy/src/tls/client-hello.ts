/**
 * What a ClientHello says about the host it wants, read from raw TLS records (RFC 8446 §4.1.2 and §5.1, RFC 6066 §3).
 * Strict: whatever a server could read in another way than we do is `malformed`.
 */
export type HelloReading =
  /** Not enough bytes yet. */
  | { readonly kind: 'partial' }
  /** A whole ClientHello. `end` is the offset of the first byte after the record that completes it. */
  | {
      readonly kind: 'hello';
      readonly sni: string | undefined;
      readonly ech: boolean;
      readonly end: number;
      /** The body of the ALPN extension (RFC 7301 §3.1), a view of what was read: for `readProtocols`. */
      readonly alpn?: Buffer;
    }
  /** The bytes are no TLS handshake record. */
  | { readonly kind: 'not-tls' }
  /** TLS, but no ClientHello that can be trusted to mean one thing. */
  | { readonly kind: 'malformed'; readonly why: string };

const PARTIAL: HelloReading = { kind: 'partial' };
const NOT_TLS: HelloReading = { kind: 'not-tls' };

const RECORD_ALERT = 21;
const RECORD_HANDSHAKE = 22;
/** No TLS server takes records of this major version or above. */
const LOWEST_ODD_VERSION = 0x10;
const HANDSHAKE_CLIENT_HELLO = 1;
const EXTENSION_SERVER_NAME = 0x0000;
const EXTENSION_ALPN = 0x0010;
const EXTENSION_ECH = 0xfe0d;
/** draft-ietf-tls-esni-06 and older: the extension that ECH replaced. */
const EXTENSION_ESNI = 0xffce;
const NAME_TYPE_HOST = 0;
const RECORD_HEADER_BYTES = 5;
/** RFC 8446 §5.1: a plaintext record holds at most 2^14 bytes. */
const MAX_RECORD_BYTES = 16_384;
/** No client splits its hello so finely; without a bound, joining one-byte records would cost quadratic time. */
const MAX_RECORDS = 16;

/** Reads a ClientHello at the start of `bytes`, which may be split over several records. Never keeps `bytes`. */
export function readClientHello(bytes: Buffer): HelloReading {
  if (bytes.length === 0) return PARTIAL;
  if (bytes[0] !== RECORD_HANDSHAKE || (bytes.length > 1 && bytes[1] !== 3)) return readOddStart(bytes);
  let message: Buffer | undefined;
  let end = 0;
  let records = 0;
  // Joins records until the handshake message is whole; nearly always the first record holds it all.
  while (message === undefined || message.length < 4 || message.length < 4 + message.readUIntBE(1, 3)) {
    if (bytes.length < end + RECORD_HEADER_BYTES) return checkEarly(message, bytes.subarray(end));
    if (bytes[end] !== RECORD_HANDSHAKE || bytes[end + 1] !== 3)
      return malformed('another record interrupts the ClientHello');
    const length = bytes.readUInt16BE(end + 3);
    if (length === 0) return malformed('an empty handshake record');
    if (++records > MAX_RECORDS) return malformed('a ClientHello in too many records');
    if (length > MAX_RECORD_BYTES) return malformed('a record longer than TLS allows');
    const start = end + RECORD_HEADER_BYTES;
    if (bytes[start] !== undefined && message === undefined && bytes[start] !== HANDSHAKE_CLIENT_HELLO) {
      return malformed('the first handshake message is no ClientHello');
    }
    if (bytes.length < start + length) return PARTIAL;
    const fragment = bytes.subarray(start, start + length);
    message = message === undefined ? fragment : Buffer.concat([message, fragment]);
    end = start + length;
  }
  // A ClientHello ends its record: bytes behind it would be a second message in the clear.
  if (message.length > 4 + message.readUIntBE(1, 3))
    return malformed('data follows the ClientHello in its record');
  return readBody(message.subarray(4), end);
}

/**
 * No server but a lax one takes these bytes for TLS; there are such: Go's reads any record version below 16.0, and reads
 * over warning alerts that come first. Where plain protocols may pass, such bytes must not pass as one.
 */
function readOddStart(bytes: Buffer): HelloReading {
  const [type = 0, version = 0] = bytes;
  if ((type !== RECORD_HANDSHAKE && type !== RECORD_ALERT) || version >= LOWEST_ODD_VERSION) return NOT_TLS;
  if (bytes.length <= RECORD_HEADER_BYTES) return PARTIAL;
  if (type === RECORD_ALERT)
    return bytes.readUInt16BE(3) === 2 ? malformed('an alert in front of the ClientHello') : NOT_TLS;
  const isHello = bytes[RECORD_HEADER_BYTES] === HANDSHAKE_CLIENT_HELLO;
  return isHello ? malformed('a record version that TLS does not have') : NOT_TLS;
}

function malformed(why: string): HelloReading {
  return { kind: 'malformed', why };
}

/** A record header is still incomplete: say what is already known to be wrong. */
function checkEarly(message: Buffer | undefined, rest: Buffer): HelloReading {
  if (message === undefined) return PARTIAL;
  if (rest.length > 0 && rest[0] !== RECORD_HANDSHAKE)
    return malformed('another record interrupts the ClientHello');
  return PARTIAL;
}

/** Walks the ClientHello body; every length must fit exactly. */
function readBody(body: Buffer, end: number): HelloReading {
  const reader = new Reader(body);
  if (!reader.skip(2 + 32)) return malformed('cut short before the session id');
  if (!reader.skipVector(1) || !reader.skipVector(2) || !reader.skipVector(1))
    return malformed('cut short before the extensions');
  if (reader.atEnd()) return { kind: 'hello', sni: undefined, ech: false, end };
  const extensions = reader.vector(2);
  if (extensions === undefined || !reader.atEnd())
    return malformed('the extensions do not fill the ClientHello');
  let sni: string | undefined;
  let ech = false;
  let seenServerName = false;
  let alpn: Buffer | undefined;
  const list = new Reader(extensions);
  while (!list.atEnd()) {
    const type = list.uint16();
    const data = list.vector(2);
    if (type === undefined || data === undefined) return malformed('an extension is cut short');
    if (type === EXTENSION_ECH || type === EXTENSION_ESNI) ech = true;
    else if (type === EXTENSION_ALPN) alpn = data;
    if (type !== EXTENSION_SERVER_NAME) continue;
    if (seenServerName) return malformed('two server_name extensions');
    seenServerName = true;
    const name = readServerName(data);
    if (name === undefined) return malformed('the server_name extension is not one host name');
    sni = name;
  }
  return alpn === undefined ? { kind: 'hello', sni, ech, end } : { kind: 'hello', sni, ech, end, alpn };
}

/** The application protocols that a client offers, in its order; none when the extension cannot be read. */
export function readProtocols(alpn: Buffer | undefined): string[] {
  const protocols: string[] = [];
  const list = alpn === undefined ? undefined : new Reader(alpn).vector(2);
  if (list === undefined) return protocols;
  const reader = new Reader(list);
  for (let name = reader.vector(1); name !== undefined; name = reader.vector(1)) {
    protocols.push(name.toString('latin1'));
  }
  return protocols;
}

/** Exactly one entry of type host_name, in visible ASCII; anything else is undefined. */
function readServerName(data: Buffer): string | undefined {
  const reader = new Reader(data);
  const names = reader.vector(2);
  if (names === undefined || !reader.atEnd()) return undefined;
  const list = new Reader(names);
  if (list.uint8() !== NAME_TYPE_HOST) return undefined;
  const name = list.vector(2);
  if (name === undefined || name.length === 0 || !list.atEnd()) return undefined;
  for (const byte of name) if (byte <= 0x20 || byte >= 0x7f) return undefined;
  return name.toString('latin1');
}

/** A cursor over TLS presentation-language data; every read answers undefined or false when the data is too short. */
class Reader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  skip(length: number): boolean {
    if (this.#offset + length > this.#bytes.length) return false;
    this.#offset += length;
    return true;
  }

  uint8(): number | undefined {
    return this.skip(1) ? this.#bytes[this.#offset - 1] : undefined;
  }

  uint16(): number | undefined {
    return this.skip(2) ? this.#bytes.readUInt16BE(this.#offset - 2) : undefined;
  }

  /** A vector with a length prefix of one or two bytes. */
  vector(prefixBytes: 1 | 2): Buffer | undefined {
    const length = prefixBytes === 1 ? this.uint8() : this.uint16();
    if (length === undefined || !this.skip(length)) return undefined;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  skipVector(prefixBytes: 1 | 2): boolean {
    return this.vector(prefixBytes) !== undefined;
  }
}
