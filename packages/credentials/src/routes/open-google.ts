import { CLOUD_PLATFORM } from '../google/adc-token.ts';
import { gcpAdcInjector } from '../google/gcp-adc.ts';
import { GOOGLE_VENDING_HOSTS, GoogleAnswerer } from '../google/google-answerer.ts';
import { GoogleSupply } from '../google/google-supply.ts';
import type { InjectorContext } from '../injectors/value-injectors.ts';
import { openSecret } from '../secrets/open-secret.ts';
import { emptyFault } from '../secrets/secret-source.ts';
import { exposureFault, type OpenRoute, unavailable } from './opened-route.ts';
import { routePorts } from './route-ports.ts';
import type { RouteSpec } from './route-spec.ts';
import type { InjectOf } from './schema.ts';
import type { RouteSurroundings } from './surroundings.ts';

/** What a route is opened with, and what its requests are held to. */
export interface Opening {
  readonly context: InjectorContext;
  readonly surroundings: RouteSurroundings;
}

/** Opens a `gcp-adc` route, with token vending and the stand-in for the metadata server. */
export function openGoogle(
  spec: RouteSpec,
  { scopes = [CLOUD_PLATFORM], allowExecutable = false, quotaProject }: InjectOf<'gcp-adc'>,
  { context, surroundings }: Opening,
): OpenRoute {
  const { from, name } = spec;
  const { environment, fetch = globalThis.fetch, metadataServer, keeper, observe } = surroundings;
  const supply = new GoogleSupply({
    source: 'metadataServer' in from ? undefined : openSecret(from, environment, { check: emptyFault }),
    scopes,
    allowExecutable,
    fetch,
    metadataServer,
    observe: (event) => observe?.({ ...event, route: name }),
    ...(keeper === undefined ? {} : { keeper }),
  });
  return {
    injector: gcpAdcInjector(supply, context, { quotaProject }),
    answering: {
      hosts: routePorts(GOOGLE_VENDING_HOSTS),
      answerer: new GoogleAnswerer({ route: name, stubs: context.stubs }),
    },
    metadata: () => ({
      route: name,
      projectId: supply.facts?.projectId ?? quotaProject ?? supply.facts?.quotaProject,
      universeDomain: supply.facts?.universeDomain,
    }),
    async check() {
      const detail = await supply.check();
      const exposed = 'metadataServer' in from ? undefined : await exposureFault(from);
      return [
        ...(detail === undefined ? [] : [unavailable(detail)]),
        ...(exposed === undefined ? [] : [exposed]),
      ];
    },
  };
}
