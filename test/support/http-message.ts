/** A request's or response's head, read leniently: what was sent, not what should have been. */
export interface MessageHead {
  /** The head as received, with its closing empty line. */
  readonly raw: string;
  readonly startLine: string;
  /** Name and value of each field in order, names as written, values trimmed. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The first field of that name in any case. */
  get(name: string): string | undefined;
  getAll(name: string): readonly string[];
}

/** A head and the body that its own framing fields announce. */
export interface Message {
  readonly head: MessageHead;
  readonly body: Buffer;
  /** How many bytes the message took up. */
  readonly length: number;
}

/** Reads a head that ends with its empty line. */
export function parseHead(bytes: Uint8Array): MessageHead {
  const raw = Buffer.from(bytes).toString('latin1');
  const [startLine = '', ...lines] = raw.split('\r\n');
  const fields = lines.filter(Boolean).map((line) => {
    const colon = line.indexOf(':');
    return colon < 0
      ? ([line, ''] as const)
      : ([line.slice(0, colon), line.slice(colon + 1).trim()] as const);
  });
  const getAll = (name: string) =>
    fields.filter(([field]) => field.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return { raw, startLine, fields, getAll, get: (name) => getAll(name)[0] };
}

/** Where the first head in `bytes` ends (after its empty line), or -1. */
export function headEnd(bytes: Buffer): number {
  const at = bytes.indexOf('\r\n\r\n');
  return at < 0 ? -1 : at + 4;
}

/** How a body ends. */
export type Framing = 'none' | 'chunked' | 'close' | number;

/** The framing that a request's fields announce; `chunked` wins over a length, as RFC 9112 section 6.3 has it. */
export function framingOf(head: MessageHead, otherwise: 'none' | 'close' = 'none'): Framing {
  if (head.getAll('transfer-encoding').some((value) => /\bchunked\b/i.test(value))) return 'chunked';
  const length = Number.parseInt(head.get('content-length') ?? '', 10);
  return Number.isSafeInteger(length) ? length : otherwise;
}

/** The first whole request in `bytes`, or undefined while more must come. */
export function takeMessage(bytes: Buffer): Message | undefined {
  const end = headEnd(bytes);
  if (end < 0) return undefined;
  const head = parseHead(bytes.subarray(0, end));
  const taken = takeBody(bytes.subarray(end), framingOf(head));
  return taken && { head, body: taken.body, length: end + taken.length };
}

/** The body at the start of `bytes`, decoded if chunked, or undefined while more must come. */
export function takeBody(bytes: Buffer, framing: Framing): { body: Buffer; length: number } | undefined {
  if (framing === 'chunked') return takeChunked(bytes);
  if (framing === 'close') return undefined;
  const length = framing === 'none' ? 0 : framing;
  return bytes.length < length ? undefined : { body: Buffer.from(bytes.subarray(0, length)), length };
}

function takeChunked(bytes: Buffer): { body: Buffer; length: number } | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (!Number.isSafeInteger(size)) return undefined;
    if (size === 0) {
      const length = trailersEnd(bytes, lineEnd);
      return length < 0 ? undefined : { body: Buffer.concat(parts), length };
    }
    const start = lineEnd + 2;
    if (bytes.length < start + size + 2) return undefined;
    parts.push(bytes.subarray(start, start + size));
    at = start + size + 2;
  }
}

/** The last chunk's line ends at `lineEnd`; trailers, if any, end with an empty line as a head does. */
function trailersEnd(bytes: Buffer, lineEnd: number): number {
  const at = bytes.indexOf('\r\n\r\n', lineEnd);
  return at < 0 ? -1 : at + 4;
}
