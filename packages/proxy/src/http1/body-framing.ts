import type { Field } from '@paude/credentials';

/** How a body ends: after so many bytes, with its last chunk, or with the connection (RFC 9112 §6.3). */
export type BodyFraming = number | 'chunked' | 'until-close';

/** How a body ends, or why that cannot be told beyond doubt. */
export type FramingReading = { readonly framing: BodyFraming } | { readonly fault: string };

/** Digits of the longest length that every reader can hold: below 2^53. */
const MAX_LENGTH_DIGITS = 15;

/**
 * Reads how long the body of a message is from its fields; `otherwise` where they do not say. Two lengths, doubled
 * fields and other codings are faults, however harmless some of them may be.
 */
export function readFraming(
  fields: readonly Field[],
  version: '1.0' | '1.1',
  otherwise: BodyFraming,
): FramingReading {
  let length: string | undefined;
  let coding: string | undefined;
  for (const [name, value] of fields) {
    // Both names are 14 or 17 characters long.
    if (name.length === 14 && name.toLowerCase() === 'content-length') {
      if (length !== undefined) return { fault: 'Content-Length stands twice' };
      length = value;
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (coding !== undefined) return { fault: 'transfer-encoding stands twice' };
      coding = value;
    }
  }
  if (length !== undefined) {
    if (coding !== undefined) return { fault: 'Content-Length is present with Transfer-Encoding' };
    if (!/^\d+$/.test(length)) return { fault: 'Content-Length is not of digits alone' };
    if (length.length > MAX_LENGTH_DIGITS)
      return { fault: 'Content-Length is no number that every reader can hold' };
    return { framing: Number(length) };
  }
  if (coding === undefined) return { framing: otherwise };
  if (coding.toLowerCase() !== 'chunked') return { fault: 'the transfer coding is not chunked alone' };
  return version === '1.1' ? { framing: 'chunked' } : { fault: 'HTTP/1.0 has no transfer coding' };
}
