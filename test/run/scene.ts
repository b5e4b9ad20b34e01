import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type ProcessOptions,
  type ProcessResult,
  type RunningProcess,
  runProcess,
  startProcess,
} from '../support/processes.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';
import { asUser, repository, type Way } from './ways.ts';

/** Where Node keeps compiled code, for all scenes of a test file: a home that is new has none. */
const compiled = mkdtempSync(join(tmpdir(), 'paude-compiled-'));
chmodSync(compiled, 0o777);
process.on('exit', () => rmSync(compiled, { recursive: true, force: true }));

/** A user's home and project, in which commands are run. */
export interface Scene extends AsyncDisposable {
  readonly home: string;
  readonly project: string;
  readonly directory: TemporaryDirectory;
  /** Writes a file below the home directory, as the user. */
  write(name: string, content: string, mode?: number): Promise<string>;
  /** `paude run` with these flags and words, to its end. */
  run(words: readonly string[], options?: SceneOptions): Promise<ProcessResult>;
  /** The same, while it runs. */
  start(words: readonly string[], options?: SceneOptions): Promise<RunningProcess>;
  /** The command line that both run, and its environment. */
  commandLine(
    words: readonly string[],
    options?: SceneOptions,
  ): { words: readonly string[]; env: NodeJS.ProcessEnv };
}

export interface SceneOptions extends Pick<ProcessOptions, 'input' | 'lifetimeMs'> {
  /** Further variables. */
  readonly env?: NodeJS.ProcessEnv;
  /** Words in front of the program, as in `['setsid']`. @default none */
  readonly before?: readonly string[];
}

/** Sets a scene for a way of running commands. */
export async function setScene(way: Pick<Way, 'uid' | 'maker'>): Promise<Scene> {
  const directory = await temporaryDirectory('run');
  const [home, project] = [directory.join('home'), directory.join('home', 'project')];
  await mkdir(project, { recursive: true });
  const give = async (path: string) => {
    if (way.uid !== undefined) await chown(path, way.uid, way.uid);
  };
  for (const path of [directory.path, home, project]) await give(path);
  const commandLine: Scene['commandLine'] = (words, { env = {}, before = [] } = {}) => {
    const paude = [process.execPath, `${repository}apps/paude/bin/paude.js`, 'run', '--sandbox', way.maker];
    const [command, args] = asUser(way, [...before, ...paude, ...words]);
    return {
      words: [command, ...args],
      env: {
        PATH: process.env.PATH,
        HOME: home,
        LANG: 'C.UTF-8',
        TERM: 'xterm',
        NODE_COMPILE_CACHE: compiled,
        ...env,
      },
    };
  };
  const prepared = (words: readonly string[], { input, lifetimeMs, ...options }: SceneOptions = {}) => {
    const {
      words: [command = '', ...args],
      env,
    } = commandLine(words, options);
    const settings: ProcessOptions = {
      cwd: project,
      env,
      ...(input === undefined ? {} : { input }),
      lifetimeMs: lifetimeMs ?? 60_000,
    };
    return [command, args, settings] as const;
  };
  return {
    home,
    project,
    directory,
    commandLine,
    async write(name, content, mode = 0o600) {
      const path = await directory.write(`home/${name}`, content, mode);
      for (let above = path; above.startsWith(`${home}/`); above = dirname(above)) await give(above);
      return path;
    },
    run: (words, options) => runProcess(...prepared(words, options)),
    start: (words, options) => startProcess(...prepared(words, options)),
    [Symbol.asyncDispose]: () => directory.remove(),
  };
}
