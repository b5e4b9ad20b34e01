import { isRecord } from './object.ts';

/** One thing that the server names as the reason of a refusal (meta/v1 StatusCause). */
export interface StatusCause {
  /** `FieldManagerConflict`, `FieldValueInvalid`, … */
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

/** What the server says about a request that it refused (meta/v1 Status), as far as we read it. */
export interface RefusalStatus {
  /** HTTP status. */
  readonly code: number;
  /** `Forbidden`, `NotFound`, `Conflict`, … Empty where the answer was no Status. */
  readonly reason: string;
  readonly message: string;
  /** The resource and object that it is about, where the server says it. */
  readonly detailKind: string;
  readonly detailName: string;
  readonly causes: readonly StatusCause[];
  readonly retryAfterSeconds: number | undefined;
}

/**
 * An answer that is a refusal. Only `cluster-error.ts` reads it. The server's words are not enumerable: they can hold
 * what was sent to it, which for a Secret must not come into a log.
 */
export class AnswerFailure extends Error {
  override readonly name = 'AnswerFailure';
  readonly code: number;
  readonly #status: RefusalStatus;

  constructor(status: RefusalStatus) {
    super(`HTTP ${status.code} ${status.reason}`.trim());
    this.code = status.code;
    this.#status = status;
  }

  get status(): RefusalStatus {
    return this.#status;
  }

  /** The version that was asked for is no longer known (410, on its own or inside a watch): start over. */
  get isExpired(): boolean {
    return this.code === 410 || this.#status.reason === 'Expired' || this.#status.reason === 'Gone';
  }
}

/** Reads a Status; whatever else the body is, only the HTTP status counts. */
export function readStatus(code: number, body: unknown): RefusalStatus {
  const status = isRecord(body) && body.kind === 'Status' ? body : {};
  const details = isRecord(status.details) ? status.details : {};
  return {
    code: code === 0 && typeof status.code === 'number' ? status.code : code,
    reason: text(status.reason),
    message: text(status.message),
    detailKind: text(details.kind),
    detailName: text(details.name),
    causes: Array.isArray(details.causes) ? details.causes.filter(isRecord).map(readCause) : [],
    retryAfterSeconds: typeof details.retryAfterSeconds === 'number' ? details.retryAfterSeconds : undefined,
  };
}

function readCause(cause: Readonly<Record<string, unknown>>): StatusCause {
  return { reason: text(cause.reason), field: text(cause.field), message: text(cause.message) };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
