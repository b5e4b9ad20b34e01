import type { Io } from '../io.ts';
import { runCommandLine } from '../run-command-line.ts';

/** What a command line said, and its exit code. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `paude` with these arguments and this environment, with streams of its own. */
export async function paude(
  args: readonly string[],
  { env = {}, isTerminal = false }: { env?: NodeJS.ProcessEnv; isTerminal?: boolean } = {},
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
    on: nothing,
    off: nothing,
  };
  const code = await runCommandLine(['node', 'paude', ...args], io as unknown as Io);
  return { code, ...said };
}
