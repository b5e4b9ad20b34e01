import { nearest, PaudeError } from '@paude/errors';
import { z } from 'zod';

const words = z.array(z.string());
const milliseconds = z.int().min(0).max(2_147_483_647);

/** The configuration as it is written in a file; every key is optional. */
export const configSchema = z.strictObject({
  listen: z.string(),
  admin: z.string(),
  adminTokenFile: z.string(),
  allowedDomains: words,
  allowlist: z.string(),
  agent: z.string(),
  extraPorts: z.array(z.int().min(1).max(65_535)),
  reportOnly: z.boolean(),
  allowPrivate: words,
  hosts: z.record(z.string(), z.union([z.string(), words])),
  dns: words,
  upstream: z.string(),
  upstreamPasswordFile: z.string(),
  clients: words,
  usersFile: z.string(),
  session: z.string().max(253),
  log: z.string(),
  logFormat: z.enum(['json', 'pretty', 'squid']),
  blockedLog: z.string(),
  credentials: z.string(),
  defaultCredentials: z.boolean(),
  credentialState: z.string(),
  caDir: z.string(),
  upstreamCa: z.string(),
  limits: z
    .strictObject({
      maxTunnels: z.int().min(1),
      maxHeaderBytes: z.int().min(1024).max(1_048_576),
      maxClientHelloBytes: z.int().min(512).max(131_072),
      maxConnectionsPerClient: z.int().min(1),
      requestsPerSecondPerClient: z.number().positive(),
      requestBurstPerClient: z.number().min(1),
    })
    .partial(),
  timeouts: z
    .strictObject({
      headMs: milliseconds,
      dnsMs: milliseconds,
      connectMs: milliseconds,
      handshakeMs: milliseconds,
      idleMs: milliseconds,
      drainMs: milliseconds,
    })
    .partial(),
});

/** A configuration as written. */
export type WrittenConfig = Partial<z.infer<typeof configSchema>>;

/** What each key takes, for messages. */
const TAKES: Readonly<Record<string, string>> = {
  allowedDomains: 'takes a list of words',
  extraPorts: 'takes a list of ports from 1 to 65535',
  reportOnly: 'takes true or false',
  defaultCredentials: 'takes true or false',
  allowPrivate: 'takes a list of address ranges',
  hosts: 'takes names with an address or a list of addresses each',
  dns: 'takes a list of DNS servers',
  clients: 'takes a list of address ranges',
  logFormat: 'takes json, pretty or squid',
  limits: 'takes numbers',
  timeouts: 'takes whole milliseconds',
};

/**
 * Checks a written configuration.
 *
 * @param where The file's name, for messages.
 * @throws PaudeError `config-invalid`, with the key and, for an unknown one, the nearest right one.
 */
export function checkConfig(value: unknown, where: string): WrittenConfig {
  const result = configSchema.partial().safeParse(value);
  // With `exactOptionalPropertyTypes` zod's optional keys are wider than ours; no value here is ever undefined.
  if (result.success) return result.data as WrittenConfig;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const group = issue.path[0];
    const known = Object.keys(group === undefined ? configSchema.shape : groupShape(String(group)));
    const meant = nearest(key, known);
    throw configError(
      where,
      `there is no key "${key}"${group === undefined ? '' : ` under ${String(group)}`}`,
      meant === undefined ? `Use ${known.join(', ')}` : `Write ${meant}`,
    );
  }
  const path = (issue?.path ?? []).map(String);
  const [key] = path;
  if (key === undefined)
    throw configError(
      where,
      'it is no set of keys and values',
      'Write keys and values, as in listen: 127.0.0.1:3128',
    );
  throw configError(
    where,
    `${path.join('.')} ${TAKES[key] ?? 'takes a text'} (${issue?.message})`,
    `Correct ${path.join('.')}`,
  );
}

function groupShape(group: string): object {
  const schema = group === 'limits' ? configSchema.shape.limits : configSchema.shape.timeouts;
  return schema.shape;
}

/** The error for a configuration that cannot be used. */
export function configError(input: string, why: string, remedy: string, cause?: unknown): PaudeError {
  return new PaudeError('config-invalid', { action: 'read the configuration', input, why, remedy, cause });
}
