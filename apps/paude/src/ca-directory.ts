import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * The directory of the proxy's certificate authority: what `--ca-dir` says, else `PAUDE_PROXY_CA_DIR`, else a place for
 * state as the XDG base directory specification has it. A variable that is empty counts as not set.
 */
export function caDirectory(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (flag !== undefined) return flag;
  if (env.PAUDE_PROXY_CA_DIR) return env.PAUDE_PROXY_CA_DIR;
  const { XDG_STATE_HOME: state, HOME: home } = env;
  // The specification has relative paths ignored.
  if (state !== undefined && isAbsolute(state)) return join(state, 'paude', 'ca');
  return join(home || homedir(), '.local', 'state', 'paude', 'ca');
}
