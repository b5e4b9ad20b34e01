import type { Injector } from '../injectors/injector.ts';
import type { InjectorContext } from '../injectors/value-injectors.ts';
import { fieldValues, type RequestHead, withField, withoutField } from '../request/request-head.ts';
import { isStub } from '../request/stub.ts';
import { TokenInjector } from '../tokens/token-injector.ts';
import type { GoogleSupply } from './google-supply.ts';

/** The project that pays for a request and whose quota it uses. */
const QUOTA_FIELD = 'x-goog-user-project';

/**
 * `Authorization: Bearer` with a token for Application Default Credentials. The quota project of the credentials, or of the
 * route, replaces the client's; without one the client's own is kept unless it is a stub.
 */
export function gcpAdcInjector(
  supply: GoogleSupply,
  context: InjectorContext,
  { quotaProject }: { readonly quotaProject?: string | undefined } = {},
): Injector {
  return new TokenInjector({
    ...context,
    type: 'gcp-adc',
    supply,
    complete(head: RequestHead): RequestHead {
      const project = quotaProject ?? supply.facts?.quotaProject;
      if (project !== undefined) return { ...head, fields: withField(head.fields, QUOTA_FIELD, project) };
      const isOfStub = fieldValues(head.fields, QUOTA_FIELD).some((value) => isStub(value, context.stubs));
      return isOfStub ? { ...head, fields: withoutField(head.fields, QUOTA_FIELD) } : head;
    },
  });
}
