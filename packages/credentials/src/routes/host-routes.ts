import type { Answer, Answerer } from '../answers/answer.ts';
import { type Injector, refuse } from '../injectors/injector.ts';
import { hasPathPrefix, isAmbiguousPath } from '../request/path.ts';
import type { RequestHead } from '../request/request-head.ts';
import type { HostRoutes, Route } from './route.ts';

/** The routes of one host, in the order they are tried. */
export class RoutesOfHost implements HostRoutes {
  readonly #routes: readonly Route[];
  readonly #answerers: readonly Answerer[];
  readonly #hasPrefixes: boolean;

  constructor(routes: readonly Route[], answerers: readonly Answerer[]) {
    this.#routes = routes;
    this.#answerers = answerers;
    this.#hasPrefixes = routes.some(({ pathPrefix }) => pathPrefix !== undefined);
  }

  routeFor(path: string): Route | undefined {
    const [first] = this.#routes;
    // What a server may read as another path must get neither the wrong credential nor the wrong lack of one.
    if (this.#hasPrefixes && first !== undefined && isAmbiguousPath(path)) return closed(first);
    return this.#routes.find(({ pathPrefix }) => pathPrefix === undefined || hasPathPrefix(path, pathPrefix));
  }

  mayAnswer(head: RequestHead): boolean {
    return this.#answerers.some((answerer) => answerer.mayAnswer(head));
  }

  answer(head: RequestHead, body: Uint8Array): Answer | undefined {
    for (const answerer of this.#answerers) {
      const answer = answerer.mayAnswer(head) ? answerer.answer(head, body) : undefined;
      if (answer !== undefined) return answer;
    }
    return undefined;
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
