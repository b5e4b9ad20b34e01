import { randomBytes } from 'node:crypto';
import {
  alpnExtension,
  echExtension,
  esniExtension,
  type HelloExtension,
  keyExtensions,
  paddingExtension,
  serverNameExtension,
  versionsExtension,
} from './tls/extensions.ts';
import { cut, uint, vector } from './tls/wire.ts';

export type { HelloExtension } from './tls/extensions.ts';
export { cut } from './tls/wire.ts';

/** How a ClientHello is to look. What is not said is what a common TLS 1.3 client sends. */
export interface ClientHelloOptions {
  /** Names in the server_name extension; none leaves the extension out. @default ['example.test'] */
  readonly serverNames?: readonly string[];
  /** Body of the server_name extension, verbatim, instead of `serverNames`. */
  readonly serverNameBody?: Uint8Array;
  /** Offered protocols; none leaves the extension out. @default ['h2', 'http/1.1'] */
  readonly alpn?: readonly string[];
  /** An encrypted_client_hello extension, or its body verbatim. GREASE looks like `outer`. */
  readonly ech?: 'outer' | 'inner' | Uint8Array;
  /** The legacy encrypted_server_name extension. @default false */
  readonly esni?: boolean;
  /** supported_versions; none leaves it out, as TLS 1.2 clients do. @default [0x0304, 0x0303] */
  readonly versions?: readonly number[];
  /** The version field of the hello itself. @default 0x0303 */
  readonly legacyVersion?: number;
  /** @default 32 random bytes */
  readonly sessionId?: Uint8Array;
  readonly cipherSuites?: readonly number[];
  /** Length of a padding extension; 0 leaves it out. @default 0 */
  readonly paddingBytes?: number;
  /** Further extensions, in front of all others or behind them. */
  readonly before?: readonly HelloExtension[];
  readonly after?: readonly HelloExtension[];
  /** Ends the hello after its compression methods, as SSL 3 did. @default false */
  readonly withoutExtensions?: boolean;
  /** Falsifies length fields by these amounts. */
  readonly wrongBy?: WrongLengths;
}

/** Amounts, positive or negative, added to a length field. */
export interface WrongLengths {
  readonly record?: number;
  readonly handshake?: number;
  readonly sessionId?: number;
  readonly cipherSuites?: number;
  readonly extensions?: number;
  readonly serverNameList?: number;
  readonly serverName?: number;
}

/** How a handshake message is put into records. */
export interface RecordOptions {
  /** Most bytes of the message a record carries. @default 16384 */
  readonly fragmentBytes?: number;
  /** @default 0x0301 */
  readonly version?: number;
  /** @default 22, handshake */
  readonly contentType?: number;
  /** Added to each record's length field. @default 0 */
  readonly wrongBy?: number;
}

const usualCipherSuites = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030];

/** A ClientHello in as few records as it takes, ready for the wire. */
export function clientHello(options: ClientHelloOptions = {}, recordOptions: RecordOptions = {}): Buffer {
  const wrongBy = options.wrongBy?.record ?? 0;
  return Buffer.concat(records(clientHelloMessage(options), { wrongBy, ...recordOptions }));
}

/** The handshake message alone (RFC 8446 section 4.1.2), without a record around it. */
export function clientHelloMessage(options: ClientHelloOptions = {}): Buffer {
  const { wrongBy = {}, sessionId = randomBytes(32), cipherSuites = usualCipherSuites } = options;
  const suites = cipherSuites.map((suite) => uint(suite, 2));
  const fields = [
    uint(options.legacyVersion ?? 0x0303, 2),
    randomBytes(32),
    vector(1, sessionId, wrongBy.sessionId),
    vector(2, suites, wrongBy.cipherSuites),
    vector(1, uint(0, 1)),
  ];
  if (options.withoutExtensions !== true) {
    const extensions = extensionsOf(options).map(({ type, body }) =>
      Buffer.concat([uint(type, 2), vector(2, body)]),
    );
    fields.push(vector(2, extensions, wrongBy.extensions));
  }
  return Buffer.concat([uint(1, 1), vector(3, fields, wrongBy.handshake)]);
}

/** A message as records, each a buffer of its own, so that they can go out one by one. */
export function records(message: Buffer, options: RecordOptions = {}): Buffer[] {
  const { fragmentBytes = 16_384, version = 0x0301, contentType = 22, wrongBy = 0 } = options;
  return cut(message, fragmentBytes).map((fragment) =>
    Buffer.concat([uint(contentType, 1), uint(version, 2), vector(2, fragment, wrongBy)]),
  );
}

/** An SSLv2 CLIENT-HELLO (RFC 5246 appendix E.2) that offers TLS 1.0; it has no room for a server name. */
export function sslv2ClientHello(): Buffer {
  const suites = Buffer.from([0x00, 0x00, 0x2f, 0x00, 0x00, 0x35, 0x01, 0x00, 0x80]);
  const challenge = randomBytes(16);
  const body = Buffer.concat([
    uint(1, 1),
    uint(0x0301, 2),
    uint(suites.length, 2),
    uint(0, 2),
    uint(challenge.length, 2),
    suites,
    challenge,
  ]);
  return Buffer.concat([uint(0x8000 | body.length, 2), body]);
}

function extensionsOf(options: ClientHelloOptions): readonly HelloExtension[] {
  const { serverNames = ['example.test'], serverNameBody, alpn = ['h2', 'http/1.1'] } = options;
  const { versions = [0x0304, 0x0303], paddingBytes = 0, ech, esni = false } = options;
  const list: HelloExtension[] = [...(options.before ?? [])];
  if (serverNameBody !== undefined) list.push({ type: 0, body: serverNameBody });
  else if (serverNames.length > 0) list.push(serverNameExtension(serverNames, options.wrongBy));
  list.push(...keyExtensions());
  if (alpn.length > 0) list.push(alpnExtension(alpn));
  if (versions.length > 0) list.push(versionsExtension(versions));
  if (ech !== undefined) list.push(echExtension(ech));
  if (esni) list.push(esniExtension());
  if (paddingBytes > 0) list.push(paddingExtension(paddingBytes));
  return [...list, ...(options.after ?? [])];
}
