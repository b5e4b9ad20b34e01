import { AwsSigv4Injector } from '../aws/aws-sigv4.ts';
import {
  basicInjector,
  bearerInjector,
  headerInjector,
  type InjectorContext,
  queryInjector,
} from '../injectors/value-injectors.ts';
import { AUTHORIZATION, type Place } from '../request/place.ts';
import { stubsOf } from '../request/stub.ts';
import { openSecret } from '../secrets/open-secret.ts';
import { passwordFault, secretFault } from '../secrets/secret-source.ts';
import { openGoogle } from './open-google.ts';
import { openOAuth } from './open-oauth.ts';
import { type OpenRoute, openValueRoute } from './opened-route.ts';
import { noMetadataServer, type RouteSpec } from './route-spec.ts';
import type { InjectorType } from './schema.ts';
import type { RouteSurroundings } from './surroundings.ts';

/** Places beside its own where the services that an injector is for take a credential as well. */
const OTHER_PLACES: Readonly<Record<InjectorType, readonly Place[]>> = {
  bearer: [],
  header: [AUTHORIZATION],
  basic: [],
  query: [AUTHORIZATION],
  // The last three are in the discovery documents of Google's APIs.
  'gcp-adc': [
    { kind: 'header', name: 'x-goog-api-key' },
    { kind: 'query', name: 'key' },
    { kind: 'query', name: 'access_token' },
    { kind: 'query', name: 'oauth_token' },
    { kind: 'query', name: 'bearer_token' },
  ],
  'oauth-refresh': [{ kind: 'header', name: 'x-api-key' }],
  'aws-sigv4': [],
};

/** Opens what a route needs. */
export function openRoute(spec: RouteSpec, surroundings: RouteSurroundings): OpenRoute {
  const { from, inject } = spec;
  const { environment } = surroundings;
  const context: InjectorContext = {
    stubs: stubsOf(spec.stubs),
    requireStub: spec.requireStub,
    otherPlaces: spec.otherPlaces ?? OTHER_PLACES[inject.type],
  };
  if (inject.type === 'gcp-adc') return openGoogle(spec, inject, { context, surroundings });
  if ('metadataServer' in from) throw noMetadataServer(spec.name);
  if (inject.type === 'oauth-refresh') return openOAuth(spec, inject, { context, surroundings, from });
  const secret = openSecret(from, environment, {
    check: inject.type === 'basic' ? passwordFault : secretFault,
  });
  switch (inject.type) {
    case 'bearer':
      return openValueRoute(bearerInjector(secret, context), [from], [secret]);
    case 'header':
      return openValueRoute(headerInjector(secret, context, inject), [from], [secret]);
    case 'basic':
      return openValueRoute(basicInjector(secret, context, inject), [from], [secret]);
    case 'query':
      return openValueRoute(queryInjector(secret, context, inject), [from], [secret]);
    case 'aws-sigv4': {
      const { region, service, accessKeyId, sessionToken } = inject;
      const places = [from, accessKeyId, ...(sessionToken === undefined ? [] : [sessionToken])];
      const id = openSecret(accessKeyId, environment);
      const token = sessionToken && openSecret(sessionToken, environment);
      const injector = new AwsSigv4Injector(
        { accessKeyId: id, secretAccessKey: secret, sessionToken: token, region, service },
        context,
      );
      return openValueRoute(injector, places, [secret, id, ...(token === undefined ? [] : [token])]);
    }
  }
}
