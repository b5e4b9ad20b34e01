import { nearest, PaudeError } from '@paude/errors';
import { STUB } from '../request/stub.ts';
import { loadRoutes } from '../routes/load-routes.ts';
import type { RouteSpec } from '../routes/route-spec.ts';
import type { Environment } from '../secrets/environment-secret.ts';

/** For which routes a session is to have stubs. */
export interface StubRoutesRequest {
  /** Routes as they are written, for `loadRoutes`. @default those of the default table */
  readonly written?: unknown;
  /** Where they are written, for messages. @default 'credentials' */
  readonly where?: string;
  /** Names of the routes that are meant. @default all */
  readonly only?: readonly string[] | undefined;
}

/**
 * An environment in which every variable is set: which credentials a proxy has is not known where stubs are written, and
 * no real variable is looked at.
 */
const EVERYTHING: Environment = new Proxy<Environment>({}, { get: () => STUB });

/**
 * The routes for which a session may need stubs. Reads no credential.
 *
 * @throws PaudeError `stub-route-unknown`, or what `loadRoutes` throws.
 */
export function stubRoutes({ written, where, only }: StubRoutesRequest = {}): RouteSpec[] {
  const specs = loadRoutes({
    written,
    environment: EVERYTHING,
    ...(where === undefined ? {} : { where }),
  });
  if (only === undefined) return specs;
  const names = specs.map(({ name }) => name);
  for (const name of only) {
    if (!names.includes(name)) throw unknownRoute(name, names);
  }
  return specs.filter(({ name }) => only.includes(name));
}

function unknownRoute(name: string, names: readonly string[]): PaudeError {
  const meant = nearest(name, names);
  return new PaudeError('stub-route-unknown', {
    action: 'write stubs for the route',
    input: name,
    why: 'there is none of that name',
    remedy: meant === undefined ? `Choose from ${names.join(', ')}` : `Write ${meant}`,
  });
}
