import type { X509Certificate } from 'node:crypto';
import { isAbsolute, resolve } from 'node:path';
import { PaudeError } from '@paude/errors';
import type { RouteSpec } from '../routes/route-spec.ts';
import { readAuthority, systemRoots } from './authorities.ts';
import { certifiModule } from './certifi-module.ts';
import { pemOf, uniqueCertificates } from './certificates.ts';
import { environmentFile, shellFile } from './environment-files.ts';
import { claudeStub, codexStub, googleStub } from './login-stubs.ts';
import { parseProxyUrl } from './proxy-address.ts';
import { STUB_FILES, sessionEnvironment } from './session-environment.ts';
import { type StubFile, writeStubFiles } from './stub-directory.ts';
import { stubPlan } from './stub-plan.ts';
import { trustStore } from './trust-store.ts';

/** What a session's stubs are made from; no credential is among it. */
export interface StubsOptions {
  /** The proxy as the session reaches it: `http://HOST:PORT`. */
  readonly proxy: string;
  /** The certificate of the proxy's authority, and where it is from. @default none: the proxy has no credential */
  readonly authority?: { readonly pem: string; readonly where: string } | undefined;
  /** The routes that stubs are for, from `stubRoutes`. */
  readonly routes: readonly RouteSpec[];
  /** Authorities to trust besides. @default those of this machine */
  readonly roots?: readonly X509Certificate[] | undefined;
  /** The directory as the session sees it, when it is mounted there. @default the directory itself */
  readonly mountedAt?: string | undefined;
  /** Milliseconds since 1970. @default the system's clock */
  readonly nowMs?: number;
}

/** A file that was written. */
export interface WrittenStub {
  readonly name: string;
  /** One clause: what it is, and for whom. */
  readonly what: string;
}

/** What was written, and what the session's environment is to hold. */
export interface WrittenStubs {
  /** As the session sees it; absolute. */
  readonly directory: string;
  readonly files: readonly WrittenStub[];
  readonly environment: Readonly<Record<string, string>>;
}

type DescribedFile = StubFile & WrittenStub;

/**
 * Writes what a session holds in place of credentials, and what makes its programs use the proxy and trust it, into a
 * directory. Writing the same again changes nothing.
 *
 * @throws PaudeError `proxy-url-invalid`, `ca-certificate-invalid`, `stubs-path-invalid`, `stubs-unwritable`,
 * `stubs-foreign-file`.
 */
export async function writeStubs(directory: string, options: StubsOptions): Promise<WrittenStubs> {
  const { authority, routes, mountedAt, nowMs = Date.now() } = options;
  const proxy = parseProxyUrl(options.proxy);
  const seenAt = sessionPath(mountedAt ?? resolve(directory));
  const own = authority === undefined ? [] : readAuthority(authority.pem, { where: authority.where, nowMs });
  const roots = options.roots ?? (await systemRoots());
  const trusted = uniqueCertificates([...own, ...roots]);
  const plan = stubPlan(routes);
  const environment = sessionEnvironment(plan, { directory: seenAt, proxy });

  const files: readonly DescribedFile[] = [
    open(STUB_FILES.shell, 'the environment, for a shell to read', shellFile(environment)),
    open(STUB_FILES.environment, 'the same, for podman run --env-file', environmentFile(environment)),
    // Programs fail on an empty file where they expect a certificate.
    open(
      STUB_FILES.authority,
      'the certificate of the proxy’s authority',
      pemOf(own.length > 0 ? own : trusted),
    ),
    open(STUB_FILES.bundle, 'all authorities to trust, that one among them', pemOf(trusted)),
    open(STUB_FILES.javaTrust, 'the same, for Java', trustStore(aliased(trusted, own.length))),
    open(
      STUB_FILES.certifi,
      'the same, for Python programs that ask certifi',
      certifiModule(STUB_FILES.bundle),
    ),
    open(STUB_FILES.wget, 'the same, for wget', `ca_certificate = ${seenAt}/${STUB_FILES.bundle}\n`),
    ...(plan.hasGoogle ? [secret(STUB_FILES.google, 'stub login for Google’s libraries', googleStub())] : []),
    ...(plan.logins.has('claude')
      ? [secret(STUB_FILES.claude, 'stub login for Claude Code: ~/.claude/.credentials.json', claudeStub())]
      : []),
    ...(plan.logins.has('codex')
      ? [secret(STUB_FILES.codex, 'stub login for Codex: ~/.codex/auth.json', codexStub())]
      : []),
  ];
  await writeStubFiles(directory, files);
  return {
    directory: seenAt,
    files: files.map(({ name, what }) => ({ name, what })),
    environment: Object.fromEntries(environment),
  };
}

function open(name: string, what: string, content: string | Uint8Array): DescribedFile {
  return { name, what, content, mode: 0o644 };
}

/** Worth nothing, but programs want the mode of a file that is. */
function secret(name: string, what: string, content: string): DescribedFile {
  return { name, what, content, mode: 0o600 };
}

function aliased(
  certificates: readonly X509Certificate[],
  ownCount: number,
): ReadonlyMap<string, X509Certificate> {
  return new Map(
    certificates.map((certificate, index) => [
      index < ownCount ? `paude-${index}` : `root-${index}`,
      certificate,
    ]),
  );
}

/**
 * A path as it can stand in every file that we write.
 *
 * @throws PaudeError `stubs-path-invalid`.
 */
function sessionPath(path: string): string {
  const fail = (why: string, remedy: string) =>
    new PaudeError('stubs-path-invalid', { action: 'use the directory', input: path, why, remedy });
  if (!isAbsolute(path)) throw fail('it does not begin at the root', 'Write it as in /run/paude');
  if (/\p{Cc}/u.test(path)) {
    throw fail('a control character cannot stand in an environment file', 'Choose another name');
  }
  if (path.includes(':')) throw fail('a colon would end it in PYTHONPATH', 'Choose another name');
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}
