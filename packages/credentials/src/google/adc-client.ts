import type { AuthClient, gaxios } from 'google-auth-library';
import { objectAt, textOf } from '../json.ts';
import type { Adc } from './adc.ts';

/** google-auth-library, loaded when it is needed. */
export type GoogleLibrary = typeof import('google-auth-library');

/** What a client of the library is made with. */
export interface ClientSurroundings {
  readonly transporter: gaxios.Gaxios;
  readonly tokenUri: string;
  readonly scopes: readonly string[];
}

/** The library's client for credentials of any type but impersonation, by its own class as the library advises. */
export function adcClient(library: GoogleLibrary, adc: Adc, surroundings: ClientSurroundings): AuthClient {
  const { transporter, tokenUri } = surroundings;
  const { json, universeDomain } = adc;
  const scopes = [...surroundings.scopes];
  // The interceptors that this turns off can write requests to the console.
  const common = { transporter, useAuthRequestParameters: false, universe_domain: universeDomain };
  const text = (key: string) => textOf(json[key]) ?? '';
  switch (adc.type) {
    case 'authorized_user':
      return new library.UserRefreshClient({
        ...common,
        clientId: text('client_id'),
        clientSecret: text('client_secret'),
        refreshToken: text('refresh_token'),
        endpoints: { oauth2TokenUrl: tokenUri },
      });
    case 'service_account':
      return new library.JWT({
        ...common,
        email: text('client_email'),
        key: text('private_key'),
        keyId: text('private_key_id'),
        scopes,
        additionalClaims: { aud: tokenUri },
      });
    default:
      return externalClient(library, { ...json, ...common, scopes }, transporter);
  }
}

/** The casts: adc.ts has checked what matters to us, and the constructors check the rest. */
function externalClient(library: GoogleLibrary, options: object, transporter: gaxios.Gaxios): AuthClient {
  if ('refresh_token' in options) {
    type Options = ConstructorParameters<GoogleLibrary['ExternalAccountAuthorizedUserClient']>[0];
    return new library.ExternalAccountAuthorizedUserClient(options as Options);
  }
  const client = federatedClient(library, options);
  // The library makes this part a transporter of its own, which knows neither our proxy nor our authorities.
  const exchange: unknown = Reflect.get(client, 'stsCredential');
  if (typeof exchange === 'object' && exchange !== null) Reflect.set(exchange, 'transporter', transporter);
  return client;
}

function federatedClient(library: GoogleLibrary, options: object): AuthClient {
  const source = objectAt(options, 'credential_source');
  if (source?.environment_id !== undefined) {
    return new library.AwsClient(options as ConstructorParameters<GoogleLibrary['AwsClient']>[0]);
  }
  if (source?.executable !== undefined) {
    return new library.PluggableAuthClient(
      options as ConstructorParameters<GoogleLibrary['PluggableAuthClient']>[0],
    );
  }
  return new library.IdentityPoolClient(
    options as ConstructorParameters<GoogleLibrary['IdentityPoolClient']>[0],
  );
}
