import type { Environment } from '../secrets/environment-secret.ts';
import { DEFAULT_ROUTES, type DefaultRoute } from './default-table.ts';
import { type RouteSpec, routeSpec } from './route-spec.ts';
import type { WrittenRoute, WrittenSecretFrom } from './schema.ts';

/** The routes of the default table whose variables are set. */
export function defaultRoutes(environment: Environment): RouteSpec[] {
  return DEFAULT_ROUTES.flatMap((entry) => {
    const written = writtenDefault(entry, environment);
    return written === undefined ? [] : [routeSpec(written, `the default route ${written.name}`, true)];
  });
}

function writtenDefault(entry: DefaultRoute, environment: Environment): WrittenRoute | undefined {
  const { sources, route, stateFileIn } = entry;
  const from = sources.map((source) => sourceOf(source, environment)).find((found) => found !== undefined);
  if (from === undefined) return undefined;
  const stateFile = stateFileIn === undefined ? undefined : environment[stateFileIn];
  const { inject } = route;
  return {
    ...route,
    from,
    inject: inject.type === 'oauth-refresh' && stateFile ? { ...inject, stateFile } : inject,
  };
}

/** A variable that is empty counts as not set. */
function sourceOf(
  source: DefaultRoute['sources'][number],
  environment: Environment,
): WrittenSecretFrom | undefined {
  if ('env' in source) return environment[source.env] ? { env: source.env } : undefined;
  const path = environment[source.fileIn];
  return path ? { file: path } : undefined;
}
