import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { splitWords } from '@paude/allowlist';
import { buildConfig, loadAllowlist, type ProxyConfig, type WrittenConfig } from '@paude/proxy/config';
import { mergeFlags, type ProxyFlags } from '../proxy-flags.ts';
import type { ProjectFile } from './project-file.ts';
import type { RunFlags } from './run-flags.ts';

/** What the settings of a run's proxy are made from. */
export interface RunConfigRequest {
  readonly flags: RunFlags;
  readonly project: ProjectFile;
  readonly hasCredentials: boolean;
  /** Where the authority is; undefined without credentials. */
  readonly authority: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The settings of a run's proxy, and a look at its allowlist, so that what is wrong is said before the command starts.
 *
 * @throws PaudeError for what is wrong with a flag, the settings of the project, or the allowlist.
 */
export async function runConfig(request: RunConfigRequest): Promise<ProxyConfig> {
  const { flags, project, hasCredentials, authority, env } = request;
  const { allowedDomains = [], agent = project.agent, config: file } = flags;
  const { allowlist, reportOnly, allowPrivate, host, dns, upstream } = flags;
  const { credentials, upstreamCa, log, logFormat } = flags;
  const proxyFlags: Partial<Record<keyof ProxyFlags, unknown>> = {
    ...{ allowlist, agent, reportOnly, allowPrivate, host, dns, upstream },
    ...{ credentials, upstreamCa, log, logFormat },
    allowedDomains: [...allowedDomains, ...(project.allowedDomains ?? [])].flatMap(splitWords),
    admin: 'off',
    defaultCredentials: hasCredentials && flags.defaultCredentials,
    credentialState: flags.credentialState ?? (hasCredentials ? stateDirectory(env) : undefined),
    caDir: authority,
    drainTimeout: 0,
  };
  const given = Object.fromEntries(Object.entries(proxyFlags).filter(([, value]) => value !== undefined));
  const written = mergeFlags(file === undefined ? {} : await readFile(file), given as ProxyFlags);
  const config = buildConfig(written);
  const { words, allowlistFile, extraPorts } = config;
  await loadAllowlist({ words, file: allowlistFile, agent: config.agent, extraPorts });
  return config;
}

/** The proxy takes time to load, and most runs need none of it yet. */
async function readFile(path: string): Promise<WrittenConfig> {
  const { readConfigFile } = await import('@paude/proxy');
  return readConfigFile(path);
}

/** Where rotated tokens are kept from run to run; hidden in every sandbox. */
function stateDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const { XDG_STATE_HOME: state, HOME: home } = env;
  const base = state !== undefined && isAbsolute(state) ? state : join(home || homedir(), '.local', 'state');
  return join(base, 'paude', 'credentials');
}
