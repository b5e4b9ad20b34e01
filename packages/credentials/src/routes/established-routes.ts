import { z } from 'zod';
import type { Environment } from '../secrets/environment-secret.ts';
import { checkRoute } from './check-route.ts';
import { keyError, routeError } from './route-error.ts';
import { type RouteSpec, routeSpec } from './route-spec.ts';
import type { WrittenInject, WrittenSecretFrom } from './schema.ts';

/** Injectors of the established proxy image. */
const INJECTORS = ['bearer', 'api_key', 'gcloud', 'chatgpt', 'anthropic_oauth'] as const;

const entrySchema = z.strictObject({
  env_var: z.string().regex(/^[A-Za-z_]\w*$/),
  injector: z.enum(INJECTORS),
  params: z.strictObject({ header_name: z.string(), path_prefix: z.string() }).partial().optional(),
  domains: z.array(z.string()).min(1),
});

const PARAMETERS = ['header_name', 'path_prefix'];

type Entry = z.infer<typeof entrySchema>;

/** Whether an entry is written as for the established proxy image. */
export function isEstablished(entry: unknown): boolean {
  return typeof entry === 'object' && entry !== null && ('env_var' in entry || 'injector' in entry);
}

/**
 * Reads routes as they are written for the established proxy image: `{ env_var, injector, params, domains }`. An entry
 * whose variable is not set is left out, and the first that matches a request wins.
 *
 * @throws PaudeError `credentials-invalid`, or what is wrong with a domain.
 */
export function establishedRoutes(
  entries: readonly unknown[],
  { where, environment }: { readonly where: string; readonly environment: Environment },
): RouteSpec[] {
  const names = new Map<string, number>();
  return entries.flatMap((value, index) => {
    const at = `${where}: credentials[${index}]`;
    const entry = checkEntry(value, at);
    const from = sourceOf(entry, environment);
    if (from === undefined) return [];
    const base = entry.env_var.toLowerCase().replaceAll('_', '-');
    const count = (names.get(base) ?? 0) + 1;
    names.set(base, count);
    const name = count === 1 ? base : `${base}-${count}`;
    const prefix = entry.params?.path_prefix || undefined;
    const written = {
      name,
      from,
      inject: injectOf(entry, environment, at),
      hosts: entry.domains,
      order: index,
      ...(prefix === undefined ? {} : { pathPrefix: prefix }),
    };
    return [routeSpec(checkRoute(written, at), at)];
  });
}

function checkEntry(value: unknown, where: string): Entry {
  const result = entrySchema.safeParse(value);
  if (result.success) return result.data;
  const foreign = result.error.issues.find((issue) => issue.code === 'unrecognized_keys');
  const unknown = foreign?.keys[0];
  if (unknown !== undefined) {
    const known = foreign?.path[0] === 'params' ? PARAMETERS : Object.keys(entrySchema.shape);
    throw keyError(unknown, known, { where });
  }
  const key = String(result.error.issues[0]?.path[0] ?? '');
  throw routeError(
    where,
    key === '' ? 'it is no set of keys and values' : `${key} is missing or not right`,
    `Write env_var, the name of a variable; injector, one of ${INJECTORS.join(', ')}; params; and domains, a list`,
  );
}

/** Undefined when the entry has nothing to inject. */
function sourceOf({ env_var, injector }: Entry, environment: Environment): WrittenSecretFrom | undefined {
  if (injector === 'gcloud' && environment.GCP_ADC_JSON) return { env: 'GCP_ADC_JSON' };
  const value = environment[env_var];
  if (!value) return undefined;
  return injector === 'bearer' || injector === 'api_key' ? { env: env_var } : { file: value };
}

function injectOf({ injector, params = {} }: Entry, environment: Environment, where: string): WrittenInject {
  switch (injector) {
    case 'bearer':
      return { type: 'bearer' };
    case 'api_key': {
      const name = params.header_name;
      if (name !== undefined) return { type: 'header', name };
      throw routeError(where, 'api_key needs params.header_name', 'Write the name of the field there');
    }
    case 'gcloud':
      return { type: 'gcp-adc' };
    case 'chatgpt':
      return oauth('codex', environment.PAUDE_PROXY_CHATGPT_AUTH_STATE_FILE);
    case 'anthropic_oauth':
      return oauth('claude', environment.PAUDE_PROXY_CLAUDE_AUTH_STATE_FILE);
  }
}

function oauth(provider: 'claude' | 'codex', stateFile: string | undefined): WrittenInject {
  return { type: 'oauth-refresh', provider, ...(stateFile ? { stateFile } : {}) };
}
