import { fileURLToPath } from 'node:url';
import { type EventuallyOptions, eventually } from './deadline.ts';
import { type ProcessExit, type RunningProcess, startProcess } from './processes.ts';
import { type EventFilter, type LogEvent, ProxyLog } from './proxy-log.ts';
import { temporaryDirectory } from './temporary.ts';

export type { EventFilter, LogEvent } from './proxy-log.ts';

/** `paude proxy` in a Node that keeps its connection handles to itself: tunnels run on sockets of `net`. */
export const PROXY_WITHOUT_INTERNALS: readonly string[] = [
  '--import',
  'data:text/javascript,process.binding = undefined',
  'apps/paude/src/main.ts',
  'proxy',
];

const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url));

/** How to start the proxy. */
export interface ProxyProcessOptions {
  /** @default '127.0.0.1:0' */
  readonly listen?: string;
  /** `off` for none. @default '127.0.0.1:0' */
  readonly admin?: string;
  /** Further environment variables; of this process's own only PATH is passed on. */
  readonly env?: NodeJS.ProcessEnv;
  /** What Node runs, from the root of the repository. @default the source of `paude proxy` */
  readonly program?: readonly string[];
  /** @default 300000 */
  readonly lifetimeMs?: number;
  /** How long it may take until it listens. @default 15000 */
  readonly startTimeoutMs?: number;
}

/** A proxy in a process of its own. Disposing of it kills it. */
export interface ProxyProcess extends AsyncDisposable {
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  /** `http://host:port`, as clients take it. */
  readonly url: string;
  /** Undefined when the admin listener is off. */
  readonly adminPort: number | undefined;
  readonly adminUrl: string | undefined;
  /** What it wrote to standard error. */
  readonly stderr: string;
  readonly exited: Promise<ProcessExit>;
  logLines(): readonly string[];
  /** Log events so far, all or those that fit. */
  events(filter?: EventFilter): readonly LogEvent[];
  /** The first event that fits, past or to come. */
  waitForEvent(filter: EventFilter, options?: EventuallyOptions): Promise<LogEvent>;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and its exit; kills and rejects after `graceMs`. */
  stop(graceMs?: number): Promise<ProcessExit>;
  kill(): Promise<ProcessExit>;
}

/** Starts `paude proxy` with these flags on free ports, and waits until it says that it listens. */
export async function startProxy(
  flags: readonly string[],
  options: ProxyProcessOptions = {},
): Promise<ProxyProcess> {
  const {
    listen = '127.0.0.1:0',
    admin = '127.0.0.1:0',
    program = ['apps/paude/src/main.ts', 'proxy'],
  } = options;
  const { env, lifetimeMs = 300_000, startTimeoutMs = 15_000 } = options;
  const home = await temporaryDirectory('proxy-home');
  const running = await startProcess(
    process.execPath,
    [...program, '--listen', listen, '--admin', admin, '--log', '-', '--log-format', 'json', ...flags],
    { cwd: repositoryRoot, env: { PATH: process.env.PATH, HOME: home.path, ...env }, lifetimeMs },
  );
  const exited = running.exited.then(async (exit) => {
    await home.remove();
    return exit;
  });
  const log = new ProxyLog(running.stdoutLines);
  try {
    const started = await firstEvent(running, log, startTimeoutMs);
    return describe(running, exited, log, started);
  } catch (error) {
    await running.kill();
    await exited;
    throw error;
  }
}

/** The `listening` event; rejects as soon as the process ends without it. */
async function firstEvent(running: RunningProcess, log: ProxyLog, timeoutMs: number): Promise<LogEvent> {
  let end: ProcessExit | undefined;
  void running.exited.then((exit) => {
    end = exit;
  });
  const probe = () => {
    const [event] = log.events({ event: 'listening' });
    if (event === undefined && end !== undefined) {
      throw new Error(`The proxy ended (${end.code}) before it listened: ${running.stdout}${running.stderr}`);
    }
    return event;
  };
  return eventually('the proxy to listen', probe, { timeoutMs });
}

function describe(
  running: RunningProcess,
  exited: Promise<ProcessExit>,
  log: ProxyLog,
  started: LogEvent,
): ProxyProcess {
  const kill = async () => {
    await running.kill();
    return exited;
  };
  const { host, port } = splitAddress(started.listen);
  const isAdminOff = started.admin === 'off' || started.admin === undefined;
  const admin = isAdminOff ? undefined : splitAddress(started.admin);
  return {
    pid: running.pid,
    host,
    port,
    url: urlOf(host, port),
    adminPort: admin?.port,
    adminUrl: admin && urlOf(admin.host, admin.port),
    get stderr() {
      return running.stderr;
    },
    exited,
    logLines: () => log.lines,
    events: (filter) => log.events(filter),
    waitForEvent: (filter, options) => log.waitFor(filter, options),
    signal: (signal) => running.signal(signal),
    async stop(graceMs = 15_000) {
      await running.stop(graceMs);
      return exited;
    },
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
    },
  };
}

/** `host:port`, with brackets around an IPv6 address. */
function splitAddress(address: unknown): { host: string; port: number } {
  const [, host, port] = /^(?:\[([^\]]+)\]|[^:]+):(\d+)$/.exec(String(address)) ?? [];
  const bare = host ?? String(address).replace(/:\d+$/, '');
  if (port === undefined) throw new Error(`The proxy says it listens on ${String(address)}`);
  return { host: bare, port: Number(port) };
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
