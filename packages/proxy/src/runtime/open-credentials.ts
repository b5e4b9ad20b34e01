import { readFile } from 'node:fs/promises';
import type { Policy } from '@paude/allowlist';
import {
  type CredentialEvent,
  checkRoutes,
  type Environment,
  loadRoutes,
  openRouter,
  type Router,
  type RouteWarning,
} from '@paude/credentials';
import { PaudeError } from '@paude/errors';
import { type AuthorityOutcome, openAuthority } from '../ca/certificate-authority.ts';
import { LeafIssuer } from '../ca/leaf-issuer.ts';
import type { CredentialConfig } from '../config/config.ts';
import type { EngineContext, TunnelInterceptor } from '../engine/context.ts';
import { Interceptor } from '../intercept/interceptor.ts';
import { TargetTls } from '../intercept/target-tls.ts';
import { readCredentialsFile } from './read-credentials-file.ts';

export interface CredentialOptions {
  /** The variables that hold secrets. */
  readonly environment: Environment;
  readonly observe: (event: CredentialEvent) => void;
}

/** The credentials of a proxy, ready to go on requests. */
export interface OpenedCredentials {
  readonly router: Router;
  /** Where the certificate of the authority is, for the sessions. */
  readonly caPath: string;
  readonly outcome: AuthorityOutcome;
  /** What their author should know, also about the allowlist. */
  warnings(policy: Policy): readonly RouteWarning[];
  readonly interceptor: (context: EngineContext) => TunnelInterceptor;
  /** Reads the authority again; renews it when its time has come. */
  reload(): Promise<AuthorityOutcome>;
  close(): void;
}

/**
 * Opens the credential routes, and the authority that signs for their hosts. Undefined when there is no route: then no
 * tunnel is intercepted, and no authority is made.
 *
 * @throws PaudeError `credentials-invalid`, `credentials-overlap`, `ca-unusable`, `route-too-wide`, `upstream-ca-invalid`.
 */
export async function openCredentials(
  config: CredentialConfig,
  { environment, observe }: CredentialOptions,
): Promise<OpenedCredentials | undefined> {
  const { file, defaults, stateDirectory, caDirectory, upstreamCaFile } = config;
  const written = file === undefined ? undefined : await readCredentialsFile(file);
  const specs = loadRoutes({
    written,
    environment,
    defaults,
    ...(file === undefined ? {} : { where: file }),
  });
  if (specs.length === 0) return undefined;
  if (caDirectory === undefined) {
    throw new PaudeError('ca-missing', {
      action: 'put credentials on requests to',
      input: specs[0]?.name ?? '',
      why: 'there is no directory for the certificate authority',
      remedy: 'Name one with --ca-dir, or with PAUDE_PROXY_CA_DIR',
    });
  }
  const router = await openRouter(specs, { environment, stateDirectory, observe });
  const { authority, outcome } = await openAuthority(caDirectory, router.patterns);
  const leaves = new LeafIssuer(authority);
  const tls = new TargetTls(upstreamCaFile === undefined ? undefined : await readAuthorities(upstreamCaFile));
  return {
    router,
    caPath: authority.certificate.path,
    outcome,
    warnings: (policy) => [...router.warnings, ...checkRoutes(router.specs, policy)],
    interceptor: (context) => new Interceptor(context, { router, leaves, tls }),
    async reload() {
      const again = await openAuthority(caDirectory, router.patterns);
      leaves.adopt(again.authority);
      return again.outcome;
    },
    close: () => router.close(),
  };
}

async function readAuthorities(path: string): Promise<string> {
  const fail = (why: string, cause?: unknown) =>
    new PaudeError('upstream-ca-invalid', {
      action: 'trust the authorities in',
      input: path,
      why,
      remedy: 'Name a file with certificates in PEM form',
      cause,
    });
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw fail(`reading it failed (${(error as NodeJS.ErrnoException).code})`, error);
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) throw fail('it holds no certificate');
  return text;
}
