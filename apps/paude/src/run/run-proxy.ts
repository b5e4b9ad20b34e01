import { loadRoutes, type RouteSpec, writeStubs } from '@paude/credentials';
import {
  openLog,
  type ProxyLog,
  type RunningProxy,
  readCertificate,
  readCredentialsFile,
  startProxy,
} from '@paude/proxy';
import type { ProxyConfig } from '@paude/proxy/config';
import { STUBS_PLACE } from '@paude/sessions/local';
import type { Io } from '../io.ts';
import { PROXY_URL } from './command-environment.ts';
import type { Notices } from './notices.ts';
import type { RunDirectory } from './run-directory.ts';

/** Where audit events go that nobody wants to keep. */
const NOWHERE = '/dev/null';

/** What a run's proxy is started with. */
export interface RunProxyOptions {
  readonly config: ProxyConfig;
  readonly door: object;
  readonly io: Io;
  readonly notices: Notices;
  /** Asked for the words at every reload. */
  readonly words: () => readonly string[];
  /** Asked about what is about to be refused. */
  readonly consider?: ((host: string, port: number) => Promise<void>) | undefined;
}

/** The proxy of a run. */
export interface RunProxy {
  readonly proxy: RunningProxy;
  /** Ends it, and what goes through it. */
  close(): Promise<void>;
}

/** Starts the proxy of a run, in this process: the command is in another world, and cannot look into it. */
export async function startRunProxy(options: RunProxyOptions): Promise<RunProxy> {
  const { config, io, door, consider } = options;
  const log = openRunLog(options);
  try {
    const proxy = await startProxy(config, {
      log,
      words: async () => options.words(),
      environment: io.env,
      internals: io,
      door,
      ...(consider === undefined ? {} : { consider }),
    });
    return {
      proxy,
      close: async () => {
        await proxy.close();
        await log.close();
      },
    };
  } catch (error) {
    await log.close();
    throw error;
  }
}

function openRunLog({ config, notices }: RunProxyOptions): ProxyLog {
  return openLog({
    target: config.log === '-' ? NOWHERE : config.log,
    format: config.logFormat ?? 'json',
    colour: false,
    complain: (text) => notices.write(`warning: ${text}\n`),
  });
}

/** The credential routes of a run: those of a file, and the default ones whose variables are set. */
export async function readRoutes(config: ProxyConfig, io: Io): Promise<readonly RouteSpec[]> {
  const { file, defaults } = config.credentials;
  const written = file === undefined ? {} : { written: await readCredentialsFile(file), where: file };
  return loadRoutes({ ...written, environment: io.env, defaults });
}

/** Files with secrets of routes. */
export function secretFiles(routes: readonly RouteSpec[]): readonly string[] {
  return routes.flatMap(({ from }) => ('file' in from ? [from.file] : []));
}

/**
 * Writes what the command holds in place of credentials.
 *
 * @param isMounted Whether the command sees it in a place of its own.
 * @returns its environment.
 */
export async function writeRunStubs(
  routes: readonly RouteSpec[],
  directory: RunDirectory,
  isMounted: boolean,
): Promise<Readonly<Record<string, string>>> {
  const { pem, path } = await readCertificate(directory.authority);
  const { environment } = await writeStubs(directory.stubs, {
    proxy: PROXY_URL,
    authority: { pem, where: path },
    routes,
    mountedAt: isMounted ? STUBS_PLACE : undefined,
  });
  return environment;
}
