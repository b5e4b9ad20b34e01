import { objectAt, parseJson } from '../json.ts';
import { TokenFault } from './access-token.ts';

/**
 * How token endpoints are reached: `fetch` as the platform has it, or one that goes through a proxy or trusts further
 * authorities. Redirects are not to be followed.
 */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A request to a token endpoint. */
export interface TokenRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 1_048_576;

/**
 * Asks a token endpoint and reads its JSON.
 *
 * @throws TokenFault that names the endpoint's host and what kind of failure it was; nothing that the endpoint wrote but
 * a registered error code, as free text may quote the request.
 */
export async function askTokenEndpoint(
  fetch: Fetch,
  request: TokenRequest,
): Promise<Readonly<Record<string, unknown>>> {
  const { url, method = 'POST', headers = {}, body } = request;
  const endpoint = `the token endpoint at ${new URL(url).host}`;
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      method,
      headers: { accept: 'application/json', ...headers },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body }),
    });
    status = response.status;
    text = await readText(response);
  } catch (error) {
    if (error instanceof TokenFault) throw new TokenFault(`${endpoint} ${error.message}`);
    throw new TokenFault(`${endpoint} cannot be reached${codeOf(error)}`);
  }
  const answer = objectAt(parseJson(text));
  if (status < 200 || status > 299) throw answerFault(endpoint, status, answer);
  if (answer === undefined)
    throw new TokenFault(`${endpoint} answered with something other than a JSON object`);
  return answer;
}

/** What a refusal of a token endpoint means. 4xx but for 408 and 429 will not change by itself. */
export function answerFault(
  endpoint: string,
  status: number,
  answer: Readonly<Record<string, unknown>> | undefined,
): TokenFault {
  const isPermanent = status >= 400 && status < 500 && status !== 408 && status !== 429;
  return new TokenFault(`${endpoint} answered ${status}${errorCodeOf(answer)}`, { isPermanent });
}

/** The error code of an OAuth answer (RFC 6749 section 5.2): registered words only. */
function errorCodeOf(answer: Readonly<Record<string, unknown>> | undefined): string {
  const error = answer?.error;
  const code = typeof error === 'object' && error !== null && 'status' in error ? error.status : error;
  return typeof code === 'string' && KNOWN_CODES.has(code) ? ` (${code})` : '';
}

const KNOWN_CODES: ReadonlySet<string> = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
  'access_denied',
  'server_error',
  'temporarily_unavailable',
  'rate_limit_error',
  'authentication_error',
  'permission_error',
  'refresh_token_expired',
  'refresh_token_reused',
  'refresh_token_invalidated',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'RESOURCE_EXHAUSTED',
  'UNAVAILABLE',
]);

/** The code of a failed connection, ` (ECONNREFUSED)`; the rest of an error may quote the request. */
export function codeOf(error: unknown): string {
  for (let inner = error, depth = 0; inner instanceof Error && depth < 5; inner = inner.cause, depth++) {
    if (inner.name === 'TimeoutError') return ' in time';
    if ('code' in inner && typeof inner.code === 'string' && /^[A-Z][A-Z\d_]{2,40}$/.test(inner.code)) {
      return ` (${inner.code})`;
    }
  }
  return '';
}

/**
 * The body of an answer.
 *
 * @throws TokenFault when it is longer than any answer of a token endpoint.
 */
export async function readText(response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.byteLength;
    if (length > MAX_ANSWER_BYTES) throw new TokenFault(`answered with more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
