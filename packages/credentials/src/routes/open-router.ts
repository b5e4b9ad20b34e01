import { compile, formatPattern, type Host, type Pattern, type Policy } from '@paude/allowlist';
import type { Answer } from '../answers/answer.ts';
import { ClosedEndpoints } from '../answers/closed-endpoints.ts';
import { answerMetadata } from '../google/answer-metadata.ts';
import type { RequestHead } from '../request/request-head.ts';
import { arrange } from './arrange.ts';
import { RoutesOfHost } from './host-routes.ts';
import { hostWarnings } from './host-warnings.ts';
import { openRoute } from './open-route.ts';
import type { OpenRoute } from './opened-route.ts';
import type { HostRoutes, Route, Router, RouteWarning } from './route.ts';
import type { RouteSpec } from './route-spec.ts';
import type { RouteSurroundings } from './surroundings.ts';

/** Hosts remembered with their routes; a client may ask for any number of hosts that a wildcard matches. */
const MAX_REMEMBERED = 1000;

/**
 * Opens routes: finds their order, opens where their secrets come from, and looks whether each has one.
 *
 * @throws PaudeError `credentials-overlap`.
 */
export async function openRouter(
  specs: readonly RouteSpec[],
  surroundings: RouteSurroundings,
): Promise<Router> {
  const arrangement = arrange(specs);
  const entries = arrangement.specs.map((spec) => {
    const open = openRoute(spec, surroundings);
    const answers = open.answering === undefined ? undefined : compile(open.answering.hosts);
    return { spec, open, answers, route: routeOf(spec, open) };
  });
  const faults = await Promise.all(entries.map(({ spec, open }) => faultsOf(spec, open)));
  return new OpenRouter(entries, [
    ...arrangement.warnings,
    ...arrangement.specs.flatMap(hostWarnings),
    ...faults.flat(),
  ]);
}

interface Entry {
  readonly spec: RouteSpec;
  readonly open: OpenRoute;
  /** The hosts at which it answers in place of the service. */
  readonly answers: Policy | undefined;
  readonly route: Route;
}

class OpenRouter implements Router {
  readonly routes: readonly Route[];
  readonly specs: readonly RouteSpec[];
  readonly patterns: readonly Pattern[];
  readonly warnings: readonly RouteWarning[];
  readonly #entries: readonly Entry[];
  readonly #remembered = new Map<string, HostRoutes | undefined>();

  constructor(entries: readonly Entry[], warnings: readonly RouteWarning[]) {
    this.#entries = entries;
    this.routes = entries.map(({ route }) => route);
    this.specs = entries.map(({ spec }) => spec);
    this.patterns = patternsOf(entries);
    this.warnings = warnings;
  }

  routesFor(host: Host, port: number): HostRoutes | undefined {
    const key = `${host}:${port}`;
    if (this.#remembered.has(key)) return this.#remembered.get(key);
    const found = this.#find(host, port);
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(key, found);
    return found;
  }

  answerMetadata(head: RequestHead): Answer | undefined {
    const facts = this.#entries.find(({ open }) => open.metadata !== undefined)?.open.metadata?.();
    return facts === undefined ? undefined : answerMetadata(head, facts);
  }

  close(): void {
    this.#remembered.clear();
  }

  #find(host: Host, port: number): HostRoutes | undefined {
    const isFor = (policy: Policy | undefined) => policy?.decide(host, port).result === 'allow';
    const injecting = this.#entries.filter(({ spec }) => isFor(spec.policy));
    const answering = this.#entries.filter(({ answers, spec }) => isFor(answers) || isFor(spec.policy));
    const answerers = answering.flatMap(({ open }) =>
      open.answering === undefined ? [] : [open.answering.answerer],
    );
    if (injecting.length + answerers.length === 0) return undefined;
    return new RoutesOfHost({
      routes: injecting.map(({ route }) => route),
      minting: new Set(injecting.filter(({ spec }) => spec.allowMinting).map(({ route }) => route)),
      answerers,
      closed: new ClosedEndpoints(host),
    });
  }
}

/** Every pattern once. */
function patternsOf(entries: readonly Entry[]): Pattern[] {
  const all = entries.flatMap(({ spec, open }) => [
    ...spec.hosts.rules,
    ...(open.answering?.hosts.rules ?? []),
  ]);
  return [...new Map(all.map(({ pattern }) => [formatPattern(pattern), pattern])).values()];
}

function routeOf(spec: RouteSpec, { injector }: OpenRoute): Route {
  const { name, pathPrefix, scrubBodies } = spec;
  const hosts = spec.hosts.rules.map(({ pattern }) => pattern);
  const credential = credentialName(spec.from);
  return {
    name,
    credential,
    hosts,
    scrubBodies,
    injector,
    ...(pathPrefix === undefined ? {} : { pathPrefix }),
  };
}

async function faultsOf(spec: RouteSpec, open: OpenRoute): Promise<RouteWarning[]> {
  return (await open.check()).map(({ code, detail, remedy }) => ({
    code,
    route: spec.name,
    message: `the route ${spec.name}: ${detail}`,
    remedy,
  }));
}

function credentialName(from: RouteSpec['from']): string {
  if ('env' in from) return `env:${from.env}`;
  return 'file' in from ? `file:${from.file}` : 'metadata-server';
}
