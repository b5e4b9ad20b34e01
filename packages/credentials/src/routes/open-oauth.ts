import { join } from 'node:path';
import { OAuthAnswerer } from '../oauth/oauth-answerer.ts';
import { OAuthLogin } from '../oauth/oauth-login.ts';
import type { Endpoint } from '../oauth/provider.ts';
import { providerOf } from '../oauth/provider-of.ts';
import { StateFile } from '../oauth/state-file.ts';
import { EnvironmentSecret } from '../secrets/environment-secret.ts';
import { fileExposure } from '../secrets/file-exposure.ts';
import { FileSecret } from '../secrets/file-secret.ts';
import { openSecret } from '../secrets/open-secret.ts';
import { emptyFault, secretFault } from '../secrets/secret-source.ts';
import { TokenInjector } from '../tokens/token-injector.ts';
import type { Opening } from './open-google.ts';
import { exposureFault, type OpenRoute, type SourceFault, unavailable } from './opened-route.ts';
import { routePorts } from './route-ports.ts';
import { isLoginFile, type RouteSpec } from './route-spec.ts';
import type { InjectOf, WrittenSecretFrom } from './schema.ts';

/** Opens an `oauth-refresh` route, with token vending at its provider's endpoints. */
export function openOAuth(
  spec: RouteSpec,
  inject: InjectOf<'oauth-refresh'>,
  { context, surroundings, from }: Opening & { readonly from: WrittenSecretFrom },
): OpenRoute {
  const { environment, fetch = globalThis.fetch, stateDirectory, keeper, observe } = surroundings;
  const provider = providerOf(inject.provider);
  const custom = typeof inject.provider === 'string' ? undefined : inject.provider;
  const check = isLoginFile(inject.provider) ? emptyFault : secretFault;
  const statePath =
    inject.stateFile ??
    (stateDirectory === undefined ? undefined : join(stateDirectory, `${spec.name}.json`));
  const login = new OAuthLogin({
    provider,
    // A login is worth more than a key: whoever copies it stays logged in.
    source:
      'file' in from
        ? new FileSecret(from.file, { check, checkFile: exposed })
        : new EnvironmentSecret(from.env, environment, { check }),
    clientSecret: custom?.clientSecret && openSecret(custom.clientSecret, environment),
    stateFile: statePath === undefined ? undefined : new StateFile(statePath),
    fetch,
    observe: (event) => observe?.({ ...event, route: spec.name }),
    ...(keeper === undefined ? {} : { keeper }),
  });
  const { complete } = provider;
  return {
    injector: new TokenInjector({
      ...context,
      type: 'oauth-refresh',
      supply: login,
      ...(complete === undefined ? {} : { complete: (head) => complete(head, login.accountId) }),
    }),
    answering: {
      hosts: routePorts(provider.vends.map(wordOf)),
      answerer: new OAuthAnswerer(provider, { route: spec.name, stubs: context.stubs }),
    },
    async check() {
      const detail = await login.check();
      const faults: SourceFault[] = detail === undefined ? [] : [unavailable(detail)];
      if (provider.rotates && statePath === undefined) faults.push(NOT_KEPT);
      const state = statePath === undefined ? undefined : await exposureFault({ file: statePath });
      return state === undefined ? faults : [...faults, state];
    },
  };
}

function wordOf({ host, port = 443 }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const NOT_KEPT: SourceFault = {
  code: 'state-not-kept',
  detail: 'a refresh token that its endpoint replaces is lost when the proxy ends',
  remedy: 'Name a stateFile in a directory that outlives the proxy',
};

async function exposed(path: string): Promise<string | undefined> {
  const exposure = await fileExposure(path);
  return exposure === undefined ? undefined : `${exposure}; take their rights away (chmod 600)`;
}
