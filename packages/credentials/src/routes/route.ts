import type { Host, Pattern } from '@paude/allowlist';
import type { Answer } from '../answers/answer.ts';
import type { Injector } from '../injectors/injector.ts';
import type { RequestHead } from '../request/request-head.ts';
import type { RouteSpec } from './route-spec.ts';

/** Which credential goes on requests to which hosts, and how. */
export interface Route {
  /** As the audit log and metrics say it. */
  readonly name: string;
  /** Where the secret comes from, by name, as in `env:OPENAI_API_KEY`. */
  readonly credential: string;
  readonly hosts: readonly Pattern[];
  /** The paths that it is for; undefined for all. */
  readonly pathPrefix?: string;
  /** Whether the secret is to be removed from response bodies, too; from response fields it always is. */
  readonly scrubBodies: boolean;
  readonly injector: Injector;
}

/** Something about the routes that their author should know. */
export interface RouteWarning {
  readonly code: /** The credential has no usable value at the moment; its requests are refused. */
    | 'credential-unavailable'
    /** Others on the machine can read the file of the secret. */
    | 'secret-exposed'
    /** A login whose rotated tokens do not outlive the proxy. */
    | 'state-not-kept'
    /** Anyone can get a host under a pattern of the route. */
    | 'public-suffix-wide'
    /** The allowlist does not allow a host of the route, so that the route does nothing there. */
    | 'host-not-allowed'
    /** A route of the default table does not come into play, because a route of the configuration is for its hosts. */
    | 'default-replaced';
  readonly route: string;
  /** The host pattern that it is about, as written. */
  readonly host?: string;
  /** One clause, without a full stop; names route and host. */
  readonly message: string;
  /** What to do, without a full stop. */
  readonly remedy: string;
}

/** What an intercepted connection to one host needs. */
export interface HostRoutes {
  /** The route for a request target. Undefined: the request goes on as it is. */
  routeFor(path: string): Route | undefined;
  /** Whether `answer` may answer this request; it then wants the whole body, up to `MAX_ANSWERED_BYTES`. */
  mayAnswer(head: RequestHead): boolean;
  /** The answer to a request that is never forwarded (token vending). Undefined: it is to be forwarded. */
  answer(head: RequestHead, body: Uint8Array): Answer | undefined;
}

/** Every route of a proxy. */
export interface Router {
  /** Undefined when no route is for that host: its connections stay opaque tunnels. */
  routesFor(host: Host, port: number): HostRoutes | undefined;
  /** An answer for a client that asks a metadata server, over plain HTTP. Undefined: nothing stands in for one. */
  answerMetadata(head: RequestHead): Answer | undefined;
  /** In the order they are tried. */
  readonly routes: readonly Route[];
  /** What they were made from, in the same order: for `checkRoutes` when the allowlist changes. */
  readonly specs: readonly RouteSpec[];
  /** Every host for which connections are intercepted: what the CA's names are constrained to. */
  readonly patterns: readonly Pattern[];
  readonly warnings: readonly RouteWarning[];
  /** Ends what runs in the background. */
  close(): void;
}
