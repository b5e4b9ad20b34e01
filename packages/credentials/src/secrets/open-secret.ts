import type { WrittenSecretFrom } from '../routes/schema.ts';
import { type Environment, EnvironmentSecret, type SecretOptions } from './environment-secret.ts';
import { FileSecret } from './file-secret.ts';
import type { SecretSource } from './secret-source.ts';

/** The source that a route names. */
export function openSecret(
  from: WrittenSecretFrom,
  environment: Environment,
  options: SecretOptions = {},
): SecretSource {
  return 'env' in from
    ? new EnvironmentSecret(from.env, environment, options)
    : new FileSecret(from.file, options);
}
