import type { Environment } from '../secrets/environment-secret.ts';
import { checkRoute } from './check-route.ts';
import { defaultRoutes } from './default-routes.ts';
import { establishedRoutes, isEstablished } from './established-routes.ts';
import { keyError, routeError } from './route-error.ts';
import { type RouteSpec, routeSpec } from './route-spec.ts';

/** Which routes are wanted. */
export interface RoutesRequest {
  /** Routes as they are written, parsed from YAML or JSON: a list, or `{ credentials: [...] }`. */
  readonly written?: unknown;
  /** Where they are written, for messages. @default 'credentials' */
  readonly where?: string;
  readonly environment: Environment;
  /**
   * Whether the routes of the default table follow, whose variables are set. Routes in the form of the established proxy
   * image are all there is, as they are for that image.
   *
   * @default true
   */
  readonly defaults?: boolean;
}

/**
 * Reads credential routes.
 *
 * @throws PaudeError `credentials-invalid`, or what is wrong with a host.
 */
export function loadRoutes({
  written,
  where = 'credentials',
  environment,
  defaults = true,
}: RoutesRequest): RouteSpec[] {
  const entries = written === undefined ? [] : entriesOf(written, where);
  if (entries.some(isEstablished)) return establishedRoutes(entries, { where, environment });
  const specs = entries.map((entry, index) => {
    const at = `${where}: credentials[${index}]`;
    return routeSpec(checkRoute(entry, at), at);
  });
  return defaults ? [...specs, ...defaultRoutes(environment)] : specs;
}

function entriesOf(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'object' && value !== null && 'credentials' in value) {
    const { credentials, ...rest } = value;
    const [other] = Object.keys(rest);
    if (other !== undefined) throw keyError(other, ['credentials'], { where });
    if (Array.isArray(credentials)) return credentials;
  }
  throw routeError(where, 'it holds no list of routes', 'Write credentials: and a list of routes');
}
