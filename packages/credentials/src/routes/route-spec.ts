import { type Allowlist, compile, lint, type Policy } from '@paude/allowlist';
import { isAmbiguousPath } from '../request/path.ts';
import type { Place } from '../request/place.ts';
import { routeError } from './route-error.ts';
import { routePorts } from './route-ports.ts';
import type { InjectOf, WrittenInject, WrittenRoute } from './schema.ts';

/** A route, parsed: what is written made into types that cannot be wrong. */
export interface RouteSpec {
  readonly name: string;
  readonly from: WrittenRoute['from'];
  readonly inject: WrittenInject;
  readonly hosts: Allowlist;
  readonly policy: Policy;
  readonly pathPrefix: string | undefined;
  /** The lowest comes first among routes for the same paths. */
  readonly order: number;
  readonly requireStub: boolean;
  readonly stubs: readonly string[];
  /** Undefined: what the injector has by default. */
  readonly otherPlaces: readonly Place[] | undefined;
  readonly scrubBodies: boolean;
  /** Whether requests may go on to endpoints that make credentials or give them out. */
  readonly allowMinting: boolean;
  /** Whether it is of the default table. */
  readonly isDefault: boolean;
}

/**
 * Makes a written route into one that can be used.
 *
 * @throws PaudeError `credentials-invalid`, `pattern-invalid`, …
 */
export function routeSpec(written: WrittenRoute, where: string, isDefault = false): RouteSpec {
  const { name, from, inject, pathPrefix, order = 0, requireStub = true, stub = [], otherPlaces } = written;
  if ('metadataServer' in from && inject.type !== 'gcp-adc') throw noMetadataServer(where);
  if (inject.type === 'oauth-refresh' && !('file' in from) && isLoginFile(inject.provider)) {
    throw routeError(
      where,
      `the login of ${inject.provider} is a file`,
      'Write from: { file: PATH } with the path of the login that its command line wrote',
    );
  }
  if (pathPrefix !== undefined) checkPrefix(pathPrefix, where);
  const hosts = routeHosts(written.hosts, where);
  return {
    name,
    from,
    inject,
    hosts,
    policy: compile(hosts),
    pathPrefix,
    order,
    requireStub,
    stubs: [stub].flat(),
    otherPlaces: otherPlaces?.map(placeOf),
    scrubBodies: written.scrubBodies ?? false,
    allowMinting: written.allowMinting ?? false,
    isDefault,
  };
}

/**
 * The hosts of a route. What would send a credential to strangers is refused.
 *
 * @throws PaudeError `credentials-invalid`, or what is wrong with a word.
 */
function routeHosts(words: readonly string[], where: string): Allowlist {
  const hosts = routePorts(words);
  for (const { effect, pattern, text } of hosts.rules) {
    if (effect === 'deny')
      throw routeError(where, `${text} denies`, 'Name the hosts that the credential is for');
    if (pattern.kind === 'any') {
      throw routeError(where, 'all would send the credential to every host', 'Name the hosts that it is for');
    }
    if (pattern.kind === 'expression' && pattern.suffix === '') {
      throw routeError(
        where,
        `it cannot be told which domains ${text} may match`,
        String.raw`End it in a literal domain, as in ~^api-\d+\.example\.com$`,
      );
    }
  }
  const [tooWide] = lint(hosts).filter(({ severity }) => severity === 'error');
  if (tooWide === undefined) return hosts;
  throw routeError(where, tooWide.message, 'Name the hosts that the credential is for');
}

function checkPrefix(prefix: string, where: string): void {
  if (prefix.startsWith('/') && prefix.length > 1 && !/[?%]/.test(prefix) && !isAmbiguousPath(prefix)) return;
  throw routeError(
    where,
    'pathPrefix is no plain path',
    'Write it as in /v1/models: from the root, without dot segments, escapes and a query',
  );
}

function placeOf(written: NonNullable<WrittenRoute['otherPlaces']>[number]): Place {
  return 'header' in written
    ? { kind: 'header', name: written.header.toLowerCase() }
    : { kind: 'query', name: written.query };
}

/** The error for a route that asks a metadata server for something else than a Google token. */
export function noMetadataServer(where: string): Error {
  return routeError(
    where,
    'only gcp-adc takes its token from a metadata server',
    'Write from: { env: … } or from: { file: … }',
  );
}

/** Whether the secret of a route is a file that a command line wrote when it logged in; else it is one text. */
export function isLoginFile(provider: InjectOf<'oauth-refresh'>['provider']): provider is 'claude' | 'codex' {
  return provider === 'claude' || provider === 'codex';
}
