import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { getCACertificates } from 'node:tls';
import type { TemporaryDirectory } from '../temporary.ts';

/** Variables by which programs are told of a file with the authorities to trust. */
const fileVariables = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
] as const;

/** The machine's own trust, and `extraPems` besides, as the environment variables that common clients read. */
export async function trustEnvironment(
  directory: TemporaryDirectory,
  extraPems: readonly string[],
): Promise<NodeJS.ProcessEnv> {
  const machine = Object.fromEntries(
    [...fileVariables, 'SSL_CERT_DIR'].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  if (extraPems.length === 0) return machine;
  const bundle = [...(await machinePems()), ...extraPems].join('\n');
  const file = await directory.write('trusted.pem', bundle, 0o644);
  return { ...machine, ...Object.fromEntries(fileVariables.map((name) => [name, file])) };
}

/** The bundles that the machine's variables name, or else the authorities that the system or Node brings. */
async function machinePems(): Promise<readonly string[]> {
  const files = new Set(fileVariables.map((name) => process.env[name]).filter((file) => file !== undefined));
  const readable = [...files].filter((file) => existsSync(file));
  if (readable.length > 0) return Promise.all(readable.map((file) => readFile(file, 'utf8')));
  const system = getCACertificates('system');
  return system.length > 0 ? system : getCACertificates('bundled');
}
