import type { ProcessResult } from '../processes.ts';
import { npmRegistry, pipIndex, pythonExecutable } from './machine.ts';
import { type ClientOptions, runClient } from './run-client.ts';

/** npm with an empty cache against the machine's registry; a refusal is final, there are no retries. */
export async function npm(args: readonly string[], options: ClientOptions = {}): Promise<ProcessResult> {
  const env = {
    npm_config_registry: (await npmRegistry()).href,
    npm_config_update_notifier: 'false',
    npm_config_fetch_retries: '0',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    ...options.env,
  };
  return runClient('npm', args, { ...options, env });
}

/** pip without cache and configuration files against the machine's index; a refusal is final, there are no retries. */
export async function pip(args: readonly string[], options: ClientOptions = {}): Promise<ProcessResult> {
  const env = {
    PIP_INDEX_URL: (await pipIndex()).href,
    PIP_CONFIG_FILE: '/dev/null',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_NO_CACHE_DIR: '1',
    PIP_NO_INPUT: '1',
    PIP_RETRIES: '0',
    ...options.env,
  };
  return runClient(await pythonExecutable(), ['-m', 'pip', ...args], { ...options, env });
}
