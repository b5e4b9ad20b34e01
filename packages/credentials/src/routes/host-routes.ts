import type { Answer, Answerer } from '../answers/answer.ts';
import type { ClosedEndpoints } from '../answers/closed-endpoints.ts';
import { type Injector, refuse } from '../injectors/injector.ts';
import { hasPathPrefix, isAmbiguousPath } from '../request/path.ts';
import type { RequestHead } from '../request/request-head.ts';
import type { HostRoutes, Route } from './route.ts';

/** What one host needs. */
export interface HostRoutesParts {
  /** In the order they are tried. */
  readonly routes: readonly Route[];
  /** Those of the routes that let requests to closed endpoints through. */
  readonly minting: ReadonlySet<Route>;
  readonly answerers: readonly Answerer[];
  readonly closed: ClosedEndpoints;
}

/** The routes of one host, in the order they are tried. */
export class RoutesOfHost implements HostRoutes {
  readonly #parts: HostRoutesParts;
  readonly #prefixes: readonly string[];

  constructor(parts: HostRoutesParts) {
    this.#parts = parts;
    this.#prefixes = parts.routes.flatMap(({ pathPrefix }) => pathPrefix ?? []);
  }

  routeFor(path: string): Route | undefined {
    const { routes } = this.#parts;
    const [first] = routes;
    // What a server may read as another path must get neither the wrong credential nor the wrong lack of one.
    if (first !== undefined && this.#isAmbiguous(path)) return closed(first);
    return routes.find(({ pathPrefix }) => pathPrefix === undefined || hasPathPrefix(path, pathPrefix));
  }

  mayAnswer(head: RequestHead): boolean {
    return this.#parts.answerers.some((answerer) => answerer.mayAnswer(head)) || this.#isClosed(head);
  }

  answer(head: RequestHead, body: Uint8Array): Answer | undefined {
    const given = this.#parts.answerers.flatMap((answerer) =>
      answerer.mayAnswer(head) ? (answerer.answer(head, body) ?? []) : [],
    );
    // Of two routes that vend at one endpoint each knows its own stubs alone. What one keeps closed stays closed.
    const answer =
      given.find(({ reason }) => reason === 'endpoint-closed') ??
      given.find(({ kind }) => kind !== 'refused') ??
      given[0];
    if (answer !== undefined) return answer;
    const route = this.routeFor(head.path);
    if (route === undefined) return undefined;
    const on = { route: route.name, allowMinting: this.#parts.minting.has(route) };
    return this.#parts.closed.answer(head, body, on);
  }

  /** Whether a credential would go onto a request that might bring it, or another one, back. */
  #isClosed(head: RequestHead): boolean {
    const route = this.routeFor(head.path);
    if (route === undefined) return false;
    return this.#parts.closed.mayAnswer(head, { allowMinting: this.#parts.minting.has(route) });
  }

  #isAmbiguous(path: string): boolean {
    if (this.#prefixes.length === 0) return false;
    const lower = path.toLowerCase();
    return (
      isAmbiguousPath(path) ||
      // Some servers do not tell cases apart.
      this.#prefixes.some(
        (prefix) => hasPathPrefix(lower, prefix.toLowerCase()) && !hasPathPrefix(path, prefix),
      )
    );
  }
}

/** The route with an injector that lets nothing through. */
function closed(route: Route): Route {
  const { type, place } = route.injector;
  const injector: Injector = {
    type,
    place,
    refreshable: false,
    needsBody: () => false,
    inject: async () =>
      refuse(
        'path-ambiguous',
        'the path holds dot segments, empty segments or escapes that servers read differently',
      ),
    refreshAfter: async () => false,
  };
  return { ...route, injector };
}
