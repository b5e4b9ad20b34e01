import { STUB } from '../request/stub.ts';
import { DEFAULT_ROUTES } from '../routes/default-table.ts';
import { isLoginFile, type RouteSpec } from '../routes/route-spec.ts';

/** What stands in for the credentials of some routes. */
export interface StubPlan {
  /** Variables that hold a stub, by name. */
  readonly placeholders: ReadonlyMap<string, string>;
  /** Command lines whose login is a file. */
  readonly logins: ReadonlySet<'claude' | 'codex'>;
  /** Whether Google's client libraries need a credentials file. */
  readonly hasGoogle: boolean;
}

/** Works out which stubs the clients of these routes look for. */
export function stubPlan(specs: readonly RouteSpec[]): StubPlan {
  const placeholders = new Map<string, string>();
  const logins = new Set<'claude' | 'codex'>();
  const taken = new Set<string>();
  for (const spec of specs) {
    const { inject, stubs, isDefault, hosts } = spec;
    if (inject.type === 'oauth-refresh' && isLoginFile(inject.provider)) logins.add(inject.provider);
    // A client that finds two logins for one service asks which to take, or takes the wrong one.
    const service = hosts.rules.map(({ text }) => text).join();
    if (isDefault && taken.has(service)) continue;
    if (isDefault) taken.add(service);
    const stub = stubs[0] ?? STUB;
    for (const name of variablesOf(spec)) placeholders.set(name, stub);
  }
  return { placeholders, logins, hasGoogle: specs.some(({ inject }) => inject.type === 'gcp-adc') };
}

/** The variables in which clients look for the credential of a route. */
function variablesOf({ name, from, inject, isDefault }: RouteSpec): readonly string[] {
  // Clients take this one from a file, whatever the proxy takes it from.
  if (inject.type === 'gcp-adc') return [];
  const sources = isDefault ? DEFAULT_ROUTES.find(({ route }) => route.name === name)?.sources : undefined;
  const names = (sources ?? [from]).flatMap((source) => ('env' in source ? [source.env] : []));
  if (inject.type !== 'aws-sigv4') return names;
  const session = inject.sessionToken === undefined ? [] : ['AWS_SESSION_TOKEN'];
  return [...names, 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', ...session];
}
