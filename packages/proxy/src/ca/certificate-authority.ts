import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { Pattern } from '@paude/allowlist';
import { AuthorityFiles } from './authority-files.ts';
import { missing, unusable } from './ca-error.ts';
import { type CertificateFacts, certificateFacts } from './certificate-facts.ts';
import { certificateIn, formatKeyFile, type KeptAuthority, parseKeyFile } from './key-file.ts';
import { coversPermissions, type Permissions, permissionsOf } from './name-constraints.ts';
import type { KeyPair, LeafSigner } from './x509.ts';

/** What `openAuthority` found and did. Only `created` and `expired` make a new key. */
export type AuthorityOutcome =
  /** Nothing was there. */
  | 'created'
  /** It fits; nothing was written. */
  | 'kept'
  /** New hosts are routed. Who trusts the certificate before refuses these hosts, and nothing else. */
  | 'widened'
  /** Fewer hosts are routed. */
  | 'narrowed'
  /** It would have run out soon. */
  | 'renewed'
  /** It had run out, so that nobody could trust it any longer. */
  | 'expired';

/** A CA whose key is in memory. */
export interface Authority {
  readonly certificate: CertificateFacts;
  /** From then on, milliseconds since 1970, opening it again renews its certificate. */
  readonly renewAtMs: number;
  readonly signer: LeafSigner;
}

export interface OpenedAuthority {
  readonly authority: Authority;
  readonly outcome: AuthorityOutcome;
}

export interface AuthorityOptions {
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

export interface RotateOptions extends AuthorityOptions {
  /** The hosts that are routed. @default those of the certificate that is replaced */
  readonly patterns?: readonly Pattern[] | undefined;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LIFETIME_MS = 365 * DAY_MS;

/** Sessions that trust the certificate before have this long to be given the new one. */
const RENEW_BEFORE_MS = 90 * DAY_MS;

/** Clocks of others may be behind. */
const SKEW_MS = HOUR_MS;

/** How often it is tried anew because another process was quicker. */
const MAX_ATTEMPTS = 20;

/**
 * Opens the CA in a directory for the hosts that have credential routes: uses the one that is there, gives it a new
 * certificate when the hosts are others or its time is over, and makes one where there is none. Also what to call when
 * routes change and at SIGHUP, for it notices a rotation.
 *
 * @throws PaudeError `ca-unusable`, or `route-too-wide`.
 */
export async function openAuthority(
  directory: string,
  patterns: readonly Pattern[],
  { now = Date.now }: AuthorityOptions = {},
): Promise<OpenedAuthority> {
  const wanted = permissionsOf(patterns);
  const files = new AuthorityFiles(directory);
  await files.prepare();
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const opened = await openOnce(files, wanted, now());
    if (opened === undefined) continue;
    const published = await files.publish((text) => certificateIn(text, files.keyPath));
    const { publicKey } = parseKeyFile(published, files.keyPath).keys;
    if (!publicKey.equals(opened.kept.keys.publicKey)) continue;
    return { authority: await authorityOf(opened.kept, files), outcome: opened.outcome };
  }
  throw unusable(directory, 'it is changed again and again', 'Give every proxy a directory of its own');
}

/**
 * Makes a new key and a certificate for it. A proxy that runs goes on with the old ones until it opens the CA again.
 *
 * @throws PaudeError `ca-unusable`, `ca-missing`, or `route-too-wide`.
 */
export async function rotateAuthority(
  directory: string,
  { patterns, now = Date.now }: RotateOptions = {},
): Promise<CertificateFacts> {
  const files = new AuthorityFiles(directory);
  const permissions = patterns === undefined ? await keptPermissions(files) : permissionsOf(patterns);
  await files.prepare();
  const kept = await certify(await newKeys(), permissions, now());
  await files.replace(formatKeyFile(kept), undefined);
  await files.publish((text) => certificateIn(text, files.keyPath));
  return certificateFacts(kept.pem, files.certificatePath);
}

/**
 * Reads the certificate of the CA in a directory, and never its key.
 *
 * @throws PaudeError `ca-missing` or `ca-unusable`.
 */
export async function readCertificate(directory: string): Promise<CertificateFacts> {
  const files = new AuthorityFiles(directory);
  const pem = await files.readCertificate();
  if (pem === undefined) throw missing(directory);
  return certificateFacts(pem, files.certificatePath);
}

interface Opened {
  readonly kept: KeptAuthority;
  readonly outcome: AuthorityOutcome;
}

/** One attempt; undefined when another process was quicker. */
async function openOnce(
  files: AuthorityFiles,
  wanted: Permissions,
  nowMs: number,
): Promise<Opened | undefined> {
  const text = await files.readKey();
  if (text === undefined) {
    const kept = await certify(await newKeys(), wanted, nowMs);
    return (await files.create(formatKeyFile(kept))) ? { kept, outcome: 'created' } : undefined;
  }
  const found = parseKeyFile(text, files.keyPath);
  const facts = await certificateFacts(found.pem, files.keyPath);
  if (nowMs < facts.notBeforeMs) {
    throw unusable(
      files.directory,
      `its certificate holds only from ${new Date(facts.notBeforeMs).toISOString()} on`,
      'Set the clock of this machine, or run paude ca rotate',
    );
  }
  const outcome = judge(facts, wanted, nowMs);
  if (outcome === 'kept') return { kept: found, outcome };
  const keys = outcome === 'expired' ? await newKeys() : found.keys;
  const kept = await certify(keys, wanted, nowMs);
  return (await files.replace(formatKeyFile(kept), text)) ? { kept, outcome } : undefined;
}

function judge(facts: CertificateFacts, wanted: Permissions, nowMs: number): AuthorityOutcome {
  if (nowMs >= facts.notAfterMs) return 'expired';
  if (!coversPermissions(facts.permissions, wanted)) return 'widened';
  if (!coversPermissions(wanted, facts.permissions)) return 'narrowed';
  return nowMs >= renewAtMs(facts) ? 'renewed' : 'kept';
}

/** What the certificate in a directory permits. The copy will do: a key that can no longer be used is a reason to rotate. */
async function keptPermissions(files: AuthorityFiles): Promise<Permissions> {
  const copy = await files.readCertificate();
  if (copy !== undefined) return (await certificateFacts(copy, files.certificatePath)).permissions;
  const text = await files.readKey();
  if (text === undefined) throw missing(files.directory);
  return (await certificateFacts(certificateIn(text, files.keyPath), files.keyPath)).permissions;
}

async function certify(keys: KeyPair, permissions: Permissions, nowMs: number): Promise<KeptAuthority> {
  const { certifyAuthority } = await import('./x509.ts');
  const validity = { notBeforeMs: nowMs - SKEW_MS, notAfterMs: nowMs + LIFETIME_MS };
  return { keys, pem: await certifyAuthority(keys, { permissions, ...validity }) };
}

async function authorityOf({ keys, pem }: KeptAuthority, files: AuthorityFiles): Promise<Authority> {
  const { leafSigner } = await import('./x509.ts');
  const certificate = await certificateFacts(pem, files.certificatePath);
  return { certificate, renewAtMs: renewAtMs(certificate), signer: await leafSigner(pem, keys) };
}

function renewAtMs({ notAfterMs }: CertificateFacts): number {
  return notAfterMs - RENEW_BEFORE_MS;
}

function newKeys(): Promise<KeyPair> {
  return promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
}
