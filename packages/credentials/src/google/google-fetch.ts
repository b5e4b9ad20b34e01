import { objectAt, parseJson } from '../json.ts';
import { TokenFault } from '../tokens/access-token.ts';
import { answerFault, codeOf, type Fetch, readText } from '../tokens/token-request.ts';

/** One attempt to get a token, whatever number of requests it takes. */
const ATTEMPT_TIMEOUT_MS = 20_000;

/** What the library fetches with, and what went wrong in its last request. */
export interface GoogleFetch {
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /**
   * What went wrong, as a clause without what an endpoint wrote: the failure of the last request, or that its answer cannot
   * be used. Undefined when nothing was asked.
   */
  fault(): TokenFault | undefined;
}

/**
 * A `fetch` for google-auth-library. It keeps the library's errors from being needed, as they carry whole requests, and
 * leads requests for Google's token endpoint to the one that the credentials name (`token_uri`), which the library ignores.
 */
export function googleFetch(fetch: Fetch, redirect: ReadonlyMap<string, string>): GoogleFetch {
  const deadline = AbortSignal.timeout(ATTEMPT_TIMEOUT_MS);
  let fault: TokenFault | undefined;
  return {
    fault: () => fault,
    async fetch(input, init = {}) {
      const asked = input instanceof Request ? input.url : String(input);
      const url = redirect.get(asked) ?? asked;
      const endpoint = `the token endpoint at ${new URL(url).host}`;
      const { method = 'GET', headers, body, signal } = init;
      try {
        const response = await fetch(url, {
          method,
          redirect: 'error',
          signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
          ...(headers === undefined ? {} : { headers }),
          ...(body === undefined || body === null ? {} : { body }),
        });
        const text = await readText(response);
        const { ok, status, headers: received } = response;
        fault = ok
          ? new TokenFault(`${endpoint} answered with something that cannot be used`)
          : answerFault(endpoint, status, objectAt(parseJson(text)));
        return new Response(text === '' ? null : text, { status, headers: received });
      } catch (error) {
        fault = failure(endpoint, error);
        // Not the error itself: it may quote the request.
        throw fault;
      }
    },
  };
}

function failure(endpoint: string, error: unknown): TokenFault {
  return error instanceof TokenFault
    ? new TokenFault(`${endpoint} ${error.message}`)
    : new TokenFault(`${endpoint} cannot be reached${codeOf(error)}`);
}
