import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { unusable } from './ca-error.ts';
import type { KeyPair } from './x509.ts';

/** A CA as its key file holds it. */
export interface KeptAuthority {
  readonly keys: KeyPair;
  /** Its certificate, PEM. */
  readonly pem: string;
}

const FORM =
  /^(-----BEGIN PRIVATE KEY-----\n[\w+/=\n]+-----END PRIVATE KEY-----\n)(-----BEGIN CERTIFICATE-----\n[\w+/=\n]+-----END CERTIFICATE-----\n)$/;

/** The text of a key file: the key (PKCS #8), then its certificate, both PEM. */
export function formatKeyFile({ keys, pem }: KeptAuthority): string {
  return `${keys.privateKey.export({ type: 'pkcs8', format: 'pem' })}${pem}`;
}

/**
 * The certificate in the text of a key file.
 *
 * @throws PaudeError `ca-unusable`.
 */
export function certificateIn(text: string, path: string): string {
  return blocksOf(text, path).pem;
}

/**
 * Reads the text of a key file.
 *
 * @throws PaudeError `ca-unusable`, also when key and certificate do not belong together.
 */
export function parseKeyFile(text: string, path: string): KeptAuthority {
  const { keyPem, pem } = blocksOf(text, path);
  let keys: KeyPair;
  let certificate: X509Certificate;
  try {
    const privateKey = createPrivateKey(keyPem);
    keys = { privateKey, publicKey: createPublicKey(privateKey) };
    certificate = new X509Certificate(pem);
  } catch (error) {
    throw broken(path, 'what it holds cannot be read', error);
  }
  if (keys.privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw broken(path, 'its key is not one for P-256');
  if (!certificate.checkPrivateKey(keys.privateKey) || !certificate.verify(keys.publicKey))
    throw broken(path, 'its certificate is not that of its key');
  return { keys, pem };
}

function blocksOf(text: string, path: string): { keyPem: string; pem: string } {
  const [, keyPem, pem] = FORM.exec(text) ?? [];
  if (keyPem !== undefined && pem !== undefined) return { keyPem, pem };
  const why = text.includes('CERTIFICATE') ? 'it is damaged' : 'it holds no key with its certificate';
  throw broken(path, why);
}

function broken(path: string, why: string, cause?: unknown): Error {
  return unusable(
    path,
    why,
    'Restore the file, or run paude ca rotate --credentials FILE for a new authority',
    cause,
  );
}
