import type { Field } from '../request/request-head.ts';

/** Removes secrets from a stream of bytes. */
export interface Scrubber {
  /**
   * The bytes that can go on: all but those at the end that may be the beginning of a secret. The chunk is left as it is;
   * where there was nothing to mask the result may share its memory.
   */
  push(chunk: Uint8Array): Buffer;
  /** What is left at the end of the stream. */
  flush(): Buffer;
}

const MASK = '*'.charCodeAt(0);

/**
 * Makes a scrubber that puts `*` over every byte of every occurrence of any of the secrets, also when they overlap or
 * lie across chunks. Lengths stay, so that Content-Length does. A chunk is held back only as far as its end may be the
 * beginning of a secret: most often not at all.
 */
export function createScrubber(secrets: readonly string[]): Scrubber {
  const { needles } = searchFor(secrets);
  // What is held back, as it came and with the masks of what was found in it so far.
  let held: Buffer = Buffer.alloc(0);
  let heldMasked: Buffer = held;

  const take = (chunk: Uint8Array, isEnd: boolean): Buffer => {
    const bytes = joined(held, chunk);
    // Copied when there is something to mask.
    let output = held.equals(heldMasked) ? undefined : Buffer.concat([heldMasked, chunk]);
    for (const { pattern } of needles) {
      let masked = 0;
      for (let at = bytes.indexOf(pattern); at >= 0; at = bytes.indexOf(pattern, at + 1)) {
        output ??= Buffer.from(bytes);
        output.fill(MASK, Math.max(at, masked), at + pattern.length);
        masked = at + pattern.length;
      }
    }
    const keep = isEnd ? 0 : Math.max(0, ...needles.map((needle) => beginning(needle, bytes)));
    const out = bytes.length - keep;
    held = Buffer.from(bytes.subarray(out));
    heldMasked = output === undefined ? held : Buffer.from(output.subarray(out));
    return (output ?? bytes).subarray(0, out);
  };

  const scrubber: Scrubber = {
    push: (chunk) => take(chunk, false),
    flush: () => take(Buffer.alloc(0), true),
  };
  return scrubber;
}

/** A text without the secrets, each byte of them a `*`; a field's value as Node gives it is one byte a character. */
export function scrubText(text: string, secrets: readonly string[]): string {
  return scrubAll([text], secrets)[0] ?? '';
}

/** Header fields without the secrets, neither in names nor in values. */
export function scrubFields(fields: readonly Field[], secrets: readonly string[]): readonly Field[] {
  const { shortest } = searchFor(secrets);
  // Most fields are shorter than any secret.
  if (!fields.some(([name, value]) => name.length >= shortest || value.length >= shortest)) return fields;
  const texts = scrubAll(fields.flat(), secrets);
  return fields.map((_, index) => [texts[2 * index] ?? '', texts[2 * index + 1] ?? '']);
}

function scrubAll(texts: readonly string[], secrets: readonly string[]): string[] {
  const { needles, shortest } = searchFor(secrets);
  return texts.map((text) => {
    if (text.length < shortest) return text;
    const bytes = Buffer.from(text, 'latin1');
    if (!needles.some(({ pattern }) => bytes.includes(pattern))) return text;
    const scrubber = createScrubber(secrets);
    return Buffer.concat([scrubber.push(bytes), scrubber.flush()]).toString('latin1');
  });
}

/** What is searched for. */
interface Search {
  readonly needles: readonly Needle[];
  /** Bytes of the shortest of them. */
  readonly shortest: number;
}

/** By the list that an injector gives for all requests with one value: kept no longer than that list is. */
const searches = new WeakMap<readonly string[], Search>();

function searchFor(secrets: readonly string[]): Search {
  const known = searches.get(secrets);
  if (known !== undefined) return known;
  const needles = spellings(secrets).map(makeNeedle);
  const shortest = Math.min(...needles.map(({ pattern }) => pattern.length));
  const search = { needles, shortest };
  searches.set(secrets, search);
  return search;
}

/**
 * A secret in the spellings in which a service may send it back: as it is, in a URL, and in JSON, where `/` may be `\/`.
 * Base64 is not among them: which bytes stand in front of a secret there cannot be known.
 */
function spellings(secrets: readonly string[]): Buffer[] {
  const texts = secrets.flatMap((secret) => {
    const json = JSON.stringify(secret).slice(1, -1);
    const url = encodeURIComponent(secret.toWellFormed());
    // RFC 3986 section 2.2 reserves these as well, and forms have `+` for a space.
    const strict = url.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
    const form = strict.replaceAll('%20', '+');
    const urls = [url, strict, form].flatMap((text) => [
      text,
      text.replace(/%../g, (hex) => hex.toLowerCase()),
    ]);
    return [secret, ...urls, json, json.replaceAll('/', String.raw`\/`)];
  });
  const wide = [...new Set(texts)].map((text) => Buffer.from(text, 'utf8'));
  // Outside of ASCII a server that knows no UTF-8 has one byte a character.
  const narrow = secrets
    .map((secret) => Buffer.from(secret, 'latin1'))
    .filter(
      (bytes, index) => bytes.toString('latin1') === secrets[index] && !bytes.every((byte) => byte < 0x80),
    );
  return [...wide, ...narrow].filter(({ length }) => length > 0);
}

function joined(held: Buffer, chunk: Uint8Array): Buffer {
  return held.length === 0
    ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    : Buffer.concat([held, chunk]);
}

interface Needle {
  readonly pattern: Buffer;
  /** Of each beginning of the pattern the longest beginning that is also its end (Knuth, Morris and Pratt). */
  readonly borders: Uint32Array;
}

function makeNeedle(pattern: Buffer): Needle {
  const borders = new Uint32Array(pattern.length);
  for (let index = 1, length = 0; index < pattern.length; index++) {
    while (length > 0 && pattern[index] !== pattern[length]) length = borders[length - 1] ?? 0;
    if (pattern[index] === pattern[length]) length++;
    borders[index] = length;
  }
  return { pattern, borders };
}

/** How many bytes at the end may be the beginning of the pattern; never the whole of it. */
function beginning({ pattern, borders }: Needle, bytes: Buffer): number {
  let length = 0;
  for (let index = Math.max(0, bytes.length - pattern.length + 1); index < bytes.length; index++) {
    while (length > 0 && bytes[index] !== pattern[length]) length = borders[length - 1] ?? 0;
    if (bytes[index] === pattern[length]) length++;
  }
  return length;
}
