/** The value of a secret as it is now. */
export type SecretReading =
  | {
      readonly kind: 'value';
      /** The secret: not to be kept longer than the request takes. */
      readonly value: string;
      /** Grows whenever the value changes. */
      readonly generation: number;
    }
  | {
      readonly kind: 'fault';
      /** One clause without a full stop; names the source, never the value. */
      readonly detail: string;
    };

/** Where a secret comes from. Shows no value to whoever prints it. */
export interface SecretSource {
  /** `variable GH_TOKEN`, `file /run/secrets/token`. */
  readonly description: string;
  /** Whether the value can change while we run. */
  readonly changeable: boolean;
  /** Answers at once where the value is at hand. @param fresh Look again now, however lately that was done. */
  read(fresh?: boolean): SecretReading | Promise<SecretReading>;
}

/**
 * Checks a text that is to be sent in a header field or a URL.
 *
 * @returns what is wrong with it, as a clause without the text.
 */
export function secretFault(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (/[\r\n\0]/.test(text)) return 'holds a line break or a NUL, which no header field may carry';
  // RFC 9110 section 5.5: visible ASCII and spaces; bytes above are obsolete, and servers read them differently.
  if (!/^[\x20-\x7e]+$/.test(text)) return 'holds a character outside visible ASCII';
  if (/^ | $/.test(text)) return 'begins or ends with a space';
  return undefined;
}

/**
 * The same for a text that goes out in base64, where only what no password should hold is wrong.
 *
 * @returns what is wrong with it, as a clause without the text.
 */
export function passwordFault(text: string): string | undefined {
  if (text === '') return 'is empty';
  return /\p{Cc}/u.test(text) ? 'holds a line break or another control character' : undefined;
}

/** The same for a document that is read here and not sent as it is. */
export function emptyFault(text: string): string | undefined {
  return text.trim() === '' ? 'is empty' : undefined;
}
