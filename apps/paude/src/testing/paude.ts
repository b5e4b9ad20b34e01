import type { Io } from '../io.ts';
import { runCommandLine } from '../run-command-line.ts';

/** What a command line said, and its exit code. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface PaudeOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** @default false */
  readonly isTerminal?: boolean;
  /** As in `process.platform`. @default 'linux' */
  readonly platform?: NodeJS.Platform;
}

/** Runs `paude` with these arguments and this environment, with streams of its own. */
export async function paude(
  args: readonly string[],
  { env = {}, isTerminal = false, platform = 'linux' }: PaudeOptions = {},
): Promise<Said> {
  const said = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof said) => ({
    isTTY: isTerminal,
    write(text: string) {
      said[name] += text;
      return true;
    },
  });
  const nothing = () => undefined;
  const io = {
    env,
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    stdin: { isTTY: false },
    platform,
    on: nothing,
    off: nothing,
  };
  const code = await runCommandLine(['node', 'paude', ...args], io as unknown as Io);
  return { code, ...said };
}
