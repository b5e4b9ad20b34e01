import { quoteInput } from './quote-input.ts';

/** The parts of an error message. Together: `Cannot <action> "<input>": <why>. <remedy>.` */
export interface ErrorParts {
  /** What was tried, to follow "Cannot": `read the pattern`. */
  readonly action: string;
  /** The input it was tried on. Shown quoted, with control characters escaped; left out when undefined. */
  readonly input?: string | undefined;
  /** Why it failed, without a full stop. Never put a secret here. */
  readonly why: string;
  /** What the reader should do, without a full stop. */
  readonly remedy: string;
  /** The error that led here, if any. */
  readonly cause?: unknown;
}

/**
 * The one error class of the project. `code` is stable and machine readable (`pattern-invalid`); the message follows
 * one grammar, so that every failure says what failed, on which input, why, and what to do.
 */
export class PaudeError extends Error {
  override readonly name = 'PaudeError';
  /** Stable, kebab-case. Scripts and tests match on it; it never changes meaning. */
  readonly code: string;
  readonly action: string;
  readonly input: string | undefined;
  readonly why: string;
  readonly remedy: string;

  constructor(code: string, parts: ErrorParts) {
    super(formatMessage(parts), parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = code;
    this.action = parts.action;
    this.input = parts.input;
    this.why = parts.why;
    this.remedy = parts.remedy;
  }

  /** The error as a plain object for `--output json`: no stack, no cause. */
  toJSON(): { code: string; message: string; input?: string; why: string; remedy: string } {
    const { code, message, input, why, remedy } = this;
    return input === undefined ? { code, message, why, remedy } : { code, message, input, why, remedy };
  }
}

function formatMessage(parts: ErrorParts): string {
  const subject = parts.input === undefined ? '' : ` ${quoteInput(parts.input)}`;
  return `Cannot ${parts.action}${subject}: ${parts.why}. ${parts.remedy}.`;
}
