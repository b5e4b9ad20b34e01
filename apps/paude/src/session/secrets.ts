import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_ROUTES } from '@paude/credentials/variables';
import { PaudeError } from '@paude/errors';
import type { Secrets } from '@paude/sessions';
import type { Io } from '../io.ts';

/** What goes to a session's proxy: credentials, and routes that are not the default ones. */
export interface ProxyCredentials {
  readonly secrets: Secrets;
  /** JSON. */
  readonly credentials?: string;
}

const GOOGLE_FILE = 'GOOGLE_APPLICATION_CREDENTIALS';

/**
 * Gathers the credentials of this machine for a session's proxy: those whose variables are set, Google's from where gcloud
 * keeps them, and those that the routes of a file name.
 *
 * @param options `routesFile`: as `--credentials` names it; `defaults`: whether those of well-known services go along.
 * @throws PaudeError `credential-unreadable`, `credentials-invalid`.
 */
export async function gatherCredentials(
  { env }: Pick<Io, 'env'>,
  { routesFile, defaults }: { readonly routesFile?: string | undefined; readonly defaults: boolean },
): Promise<ProxyCredentials> {
  const variables = new Map<string, string>();
  const files = new Map<string, Uint8Array>();
  if (defaults) await gatherDefaults(env, { variables, files });
  if (routesFile === undefined) return { secrets: { variables, files } };
  return { secrets: { variables, files }, credentials: await readRoutes(routesFile, env, variables) };
}

async function gatherDefaults(
  env: Io['env'],
  { variables, files }: { readonly variables: Map<string, string>; readonly files: Map<string, Uint8Array> },
): Promise<void> {
  for (const source of DEFAULT_ROUTES.flatMap(({ sources }) => sources)) {
    const name = 'env' in source ? source.env : source.fileIn;
    const value = env[name];
    if (value === undefined || value === '') continue;
    if ('env' in source) variables.set(name, value);
    else files.set(name, await readCredential(value, name));
  }
  if (!variables.has('GCP_ADC_JSON') && !files.has(GOOGLE_FILE)) {
    const found = await readFile(googleDefault(env)).catch(() => undefined);
    if (found !== undefined) files.set(GOOGLE_FILE, found);
  }
}

async function readCredential(path: string, where: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new PaudeError('credential-unreadable', {
      action: 'read the credential',
      input: path,
      why: code === 'ENOENT' ? 'there is no such file' : `reading it failed (${code})`,
      remedy: `Correct ${where}, or unset it`,
      cause: error,
    });
  }
}

function googleDefault({ CLOUDSDK_CONFIG: directory, HOME: home }: Io['env']): string {
  return join(
    directory || join(home || homedir(), '.config', 'gcloud'),
    'application_default_credentials.json',
  );
}

/** The routes of a file, for a proxy that has the files of this machine no more: what they hold becomes a variable of its own. */
async function readRoutes(path: string, env: Io['env'], variables: Map<string, string>): Promise<string> {
  const { readCredentialsFile } = await import('@paude/proxy');
  const written = await readCredentialsFile(path);
  return JSON.stringify(written, (_key, value: unknown) => {
    const source = secretSource(value);
    if (source === undefined) return value;
    if (source.kind === 'file') {
      throw new PaudeError('credentials-invalid', {
        action: 'use the credential routes',
        input: path,
        why: 'one takes its credential from a file, and the proxy of a session has none of this machine',
        remedy: 'Write from: { env: NAME } and set that variable',
      });
    }
    const secret = env[source.name];
    if (secret !== undefined) variables.set(source.name, secret);
    return value;
  });
}

/** `{ env: NAME }` and `{ file: PATH }`, wherever they stand. */
function secretSource(value: unknown): { kind: 'env' | 'file'; name: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const [entry, ...more] = Object.entries(value);
  if (entry === undefined || more.length > 0) return undefined;
  const [kind, name] = entry;
  if ((kind !== 'env' && kind !== 'file') || typeof name !== 'string') return undefined;
  return { kind, name };
}
