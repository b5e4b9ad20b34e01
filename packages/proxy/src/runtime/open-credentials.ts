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
import type { CredentialConfig, ProxyConfig } from '../config/config.ts';
import type { Connector } from '../dial/connector.ts';
import type { EngineContext, TunnelInterceptor } from '../engine/context.ts';
import { Interceptor } from '../intercept/interceptor.ts';
import { TargetTls } from '../intercept/target-tls.ts';
import { Resolver } from '../resolve/resolver.ts';
import { readCredentialsFile } from './read-credentials-file.ts';
import { tokenFetch } from './token-fetch.ts';

export interface CredentialOptions {
  /** The variables that hold secrets. */
  readonly environment: Environment;
  readonly observe: (event: CredentialEvent) => void;
  /** How token endpoints are found and reached: as the targets are. */
  readonly network: Pick<ProxyConfig, 'dns' | 'hosts' | 'timeouts'>;
  /** The way to an upstream proxy. @default none */
  readonly connector?: Connector | undefined;
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
  { environment, observe, network, connector }: CredentialOptions,
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
  const tls = new TargetTls(upstreamCaFile === undefined ? undefined : await readAuthorities(upstreamCaFile));
  const { dns: servers, hosts, timeouts } = network;
  const resolver = new Resolver({ servers, hosts, timeoutMs: timeouts.dnsMs });
  const fetch = tokenFetch({ tls, resolver, connector, timeouts });
  const router = await openRouter(specs, { environment, stateDirectory, observe, fetch });
  const { authority, outcome } = await openAuthority(caDirectory, router.patterns);
  const leaves = new LeafIssuer(authority);
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
    close() {
      router.close();
      resolver.close();
    },
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
