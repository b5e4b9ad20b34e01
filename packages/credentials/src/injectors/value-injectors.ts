import { AUTHORIZATION, type Place } from '../request/place.ts';
import type { Stubs } from '../request/stub.ts';
import type { SecretSource } from '../secrets/secret-source.ts';
import type { Injector } from './injector.ts';
import { ValueInjector } from './value-injector.ts';

/** What every injector is told, whatever it does. */
export interface InjectorContext {
  readonly stubs: Stubs;
  readonly requireStub: boolean;
  /** Places beside its own where the service takes a credential. */
  readonly otherPlaces: readonly Place[];
}

/** `Authorization: Bearer SECRET` (RFC 6750). */
export function bearerInjector(source: SecretSource, context: InjectorContext): Injector {
  return new ValueInjector({
    ...context,
    type: 'bearer',
    place: AUTHORIZATION,
    source,
    render: (secret) => ({ text: `Bearer ${secret}`, secrets: [secret] }),
  });
}

/** A field of its own, `x-api-key: SECRET`, with an optional prefix in front of the secret. */
export function headerInjector(
  source: SecretSource,
  context: InjectorContext,
  { name, prefix = '' }: { readonly name: string; readonly prefix?: string | undefined },
): Injector {
  const stubs = new Set([...context.stubs].flatMap((stub) => [stub, `${prefix}${stub}`.trim()]));
  return new ValueInjector({
    ...context,
    stubs,
    type: 'header',
    place: { kind: 'header', name: name.toLowerCase() },
    source,
    render: (secret) => ({ text: `${prefix}${secret}`, secrets: [secret] }),
  });
}

/** `Authorization: Basic …` (RFC 7617). Without a user name the secret is the whole `user:password`. */
export function basicInjector(
  source: SecretSource,
  context: InjectorContext,
  { username }: { readonly username?: string | undefined } = {},
): Injector {
  return new ValueInjector({
    ...context,
    type: 'basic',
    place: AUTHORIZATION,
    source,
    render(secret) {
      const pair = username === undefined ? secret : `${username}:${secret}`;
      const password = pair.slice(pair.indexOf(':') + 1);
      const encoded = Buffer.from(pair, 'utf8').toString('base64');
      return { text: `Basic ${encoded}`, secrets: [...new Set([encoded, secret, password])].filter(Boolean) };
    },
  });
}

/** A parameter of the query, `?key=SECRET`. */
export function queryInjector(
  source: SecretSource,
  context: InjectorContext,
  { parameter }: { readonly parameter: string },
): Injector {
  return new ValueInjector({
    ...context,
    type: 'query',
    place: { kind: 'query', name: parameter },
    source,
    render: (secret) => ({ text: secret, secrets: [...new Set([secret, encodeURIComponent(secret)])] }),
  });
}
