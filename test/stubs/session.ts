import { fileURLToPath } from 'node:url';
import {
  type ProcessResult,
  type RunningProcess,
  runProcess,
  startProcess,
  successful,
} from '../support/processes.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';

const main = fileURLToPath(new URL('../../apps/paude/src/main.ts', import.meta.url));

/** How a program is run in a session. */
export interface ProgramOptions {
  /** Further variables; the session's own come before them. */
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** @default its HOME */
  readonly cwd?: string;
  /** @default 120000 */
  readonly timeoutMs?: number;
}

/** A directory of stubs, and programs that know of nothing else. */
export interface StubSession extends AsyncDisposable {
  /** With blanks and quotes of both kinds in its path. */
  readonly directory: string;
  /** An empty directory that programs have for their HOME. */
  readonly home: TemporaryDirectory;
  /** What `env.sh` sets, as `--output json` says. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs a program behind `. env.sh`, with nothing else in its environment but PATH, HOME and TMPDIR. */
  run(command: string, args: readonly string[], options?: ProgramOptions): Promise<ProcessResult>;
  /** Starts a program in the same way, and leaves it running. */
  start(command: string, args: readonly string[], options?: ProgramOptions): Promise<RunningProcess>;
}

/** What stubs are written for. */
export interface SessionOptions {
  readonly proxyUrl: string;
  /** The authority that the session is to trust. */
  readonly caPem: string;
  /** Further flags of `paude stubs write`. */
  readonly flags?: readonly string[];
}

/** Writes stubs with `paude stubs write`. */
export async function openSession({ proxyUrl, caPem, flags = [] }: SessionOptions): Promise<StubSession> {
  const home = await temporaryDirectory('session');
  const ca = await home.write('ca.crt', caPem);
  const directory = home.join(`ann's "own" stubs`);
  const args = ['stubs', 'write', directory, '--proxy', proxyUrl, '--ca', ca, '--output', 'json', ...flags];
  const { stdout } = successful(await runProcess(process.execPath, [main, ...args], { env: bare(home) }));
  const { environment } = JSON.parse(stdout) as Pick<StubSession, 'environment'>;
  const inShell = (command: string, rest: readonly string[], options: ProgramOptions) => {
    const { env = {}, input = '', cwd = home.path, timeoutMs = 120_000 } = options;
    const script = ['-c', '. "$0" && exec "$@"', `${directory}/env.sh`, command, ...rest];
    return [
      '/bin/sh',
      script,
      { cwd, input, env: { ...env, ...bare(home) }, lifetimeMs: timeoutMs },
    ] as const;
  };
  return {
    directory,
    home,
    environment,
    run: (command, rest, options = {}) => runProcess(...inShell(command, rest, options)),
    start: (command, rest, options = {}) => startProcess(...inShell(command, rest, options)),
    [Symbol.asyncDispose]: () => home.remove(),
  };
}

function bare(home: TemporaryDirectory): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: home.path, TMPDIR: home.path, LANG: 'C.UTF-8' };
}
