import type { Host } from '@paude/allowlist';
import { isCallerIdentity } from '../aws/caller-identity.ts';
import { queryValues } from '../request/query.ts';
import { fieldValues, type RequestHead } from '../request/request-head.ts';
import { type Answer, refusedAnswer } from './answer.ts';
import { CLOSED_ENDPOINTS, type ClosedEndpoint } from './closed-table.ts';
import { loosePaths } from './endpoint.ts';

/** Methods with which servers send back what they were sent (RFC 9110 section 9.3.8), the credential too. */
const ECHOING: ReadonlySet<string> = new Set(['TRACE', 'TRACK']);

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Fields and parameters by which some servers take another method than that of the request. */
const OVERRIDE_FIELDS = ['x-http-method-override', 'x-http-method', 'x-method-override'];
const OVERRIDE_PARAMETERS = ['$httpMethod', '_method'];

/** On whose behalf a request is looked at. */
export interface ClosedFor {
  /** The route's name. */
  readonly route: string;
  /** Whether the route lets closed endpoints be reached. */
  readonly allowMinting: boolean;
}

/** Refuses requests that would bring a real credential into the hands of the session. */
export class ClosedEndpoints {
  readonly #closed: readonly ClosedEndpoint[];

  /** What is closed at one host. */
  constructor(host: Host) {
    this.#closed = CLOSED_ENDPOINTS.filter(({ hosts }) => hosts.test(host));
  }

  /** Whether `answer` may refuse this request. */
  mayAnswer(head: RequestHead, { allowMinting }: Pick<ClosedFor, 'allowMinting'>): boolean {
    return isEchoing(head) || (!allowMinting && this.#find(head) !== undefined);
  }

  /** The refusal. Undefined: the request may go on. */
  answer(head: RequestHead, body: Uint8Array, { route, allowMinting }: ClosedFor): Answer | undefined {
    if (isEchoing(head)) return refused(route, 'a request like this would send the credential back');
    const found = allowMinting ? undefined : this.#find(head);
    if (found === undefined || isCallerIdentity(head, body)) return undefined;
    return refused(route, `this endpoint ${found.why}; a route with allowMinting lets it through`);
  }

  #find(head: RequestHead): ClosedEndpoint | undefined {
    if (this.#closed.length === 0) return undefined;
    const actions = queryValues(head.path, 'Action').map((action) => `?action=${action.toLowerCase()}`);
    const targets = loosePaths(head).flatMap((path) => [path, ...actions.map((action) => path + action)]);
    return this.#closed.find(
      ({ paths, methods }) =>
        (methods === 'any' || !isRead(head)) && targets.some((target) => paths.test(target)),
    );
  }
}

function refused(route: string, detail: string): Answer {
  return refusedAnswer(route, 'endpoint-closed', detail, { status: 403, error: 'access_denied' });
}

function isEchoing({ method }: RequestHead): boolean {
  return ECHOING.has(method.toUpperCase());
}

/** Whether a request only reads, whatever a server takes for its method. */
function isRead({ method, fields, path }: RequestHead): boolean {
  return (
    READING.has(method) &&
    OVERRIDE_FIELDS.every((name) => fieldValues(fields, name).length === 0) &&
    OVERRIDE_PARAMETERS.every((name) => queryValues(path, name).length === 0)
  );
}
