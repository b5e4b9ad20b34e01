import { type ProcessResult, runProcess } from '../processes.ts';
import { temporaryDirectory } from '../temporary.ts';
import { trustEnvironment } from './trust.ts';

/** How a real client is to run. */
export interface ClientOptions {
  /** URL of the proxy for everything, `http://127.0.0.1:3128`; without one, none. */
  readonly proxy?: string;
  /** PEM certificates to trust besides the machine's, for instance the test authority's. */
  readonly trust?: readonly string[];
  /** Where it runs and leaves its files. @default its HOME, which is gone afterwards */
  readonly cwd?: string;
  /** Further environment variables. */
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array;
  /** @default 60000 */
  readonly timeoutMs?: number;
}

/**
 * Runs a client in an empty HOME, with nothing of this process's environment but PATH and the machine's TLS trust, and
 * with the proxy where clients look for it.
 */
export async function runClient(
  command: string,
  args: readonly string[],
  options: ClientOptions = {},
): Promise<ProcessResult> {
  await using home = await temporaryDirectory('client');
  const { proxy, trust = [], cwd = home.path, env, input = '', timeoutMs = 60_000 } = options;
  const environment = {
    PATH: process.env.PATH,
    HOME: home.path,
    LANG: 'C.UTF-8',
    TMPDIR: home.path,
    ...(await trustEnvironment(home, trust)),
    ...proxyEnvironment(proxy),
    ...env,
  };
  return await runProcess(command, args, { cwd, env: environment, input, lifetimeMs: timeoutMs });
}

/** Both spellings, since curl reads `http_proxy` in lower case only and others prefer upper case. */
export function proxyEnvironment(proxy: string | undefined): NodeJS.ProcessEnv {
  if (proxy === undefined) return {};
  return { http_proxy: proxy, https_proxy: proxy, HTTP_PROXY: proxy, HTTPS_PROXY: proxy };
}
