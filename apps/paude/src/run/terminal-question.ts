import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { SYSTEM_PATH } from '@paude/sessions/local';

/** Whether a program has the terminal for itself, as those do that draw on all of it. False without a terminal. */
export function isTerminalTaken(): boolean {
  const terminal = openTerminal('r');
  if (terminal === undefined) return false;
  try {
    const { stdout } = spawnSync('stty', ['-a'], {
      stdio: [terminal, 'pipe', 'ignore'],
      encoding: 'utf8',
      env: { PATH: SYSTEM_PATH },
    });
    return /(^|\s)-icanon\b/.test(stdout ?? '');
  } finally {
    closeSync(terminal);
  }
}

/** Whether there is a terminal at which a person can be asked. */
export function hasTerminal(): boolean {
  const terminal = openTerminal('r+');
  if (terminal === undefined) return false;
  closeSync(terminal);
  return true;
}

/**
 * Asks a question at the terminal, whatever the standard streams are, and waits for one of the keys. What a program has drawn
 * there is drawn over in one line; the caller has stopped the program, and has it draw again.
 *
 * @param keys Lower-case letters; the last is what any other key means.
 */
export async function askAtTerminal(question: string, keys: string): Promise<string> {
  const [input, output] = [openTerminal('r'), openTerminal('w')];
  const otherwise = keys.at(-1) ?? '';
  if (input === undefined || output === undefined) return otherwise;
  const isTaken = isTerminalTaken();
  const say = (text: string) => void writeSync(output, text);
  const stream = new ReadStream(input);
  try {
    // Below what is drawn, in the last line, or as a line of its own.
    say(isTaken ? `\u001b7\u001b[999;1H\u001b[2K${question}` : `\r\n${question}`);
    stream.setRawMode(true);
    const key = await new Promise<string>((resolve) => {
      stream.once('data', (bytes) => resolve(String(bytes)));
      stream.once('end', () => resolve(otherwise));
      stream.once('error', () => resolve(otherwise));
    });
    const answer = [...keys].find((letter) => key.toLowerCase().startsWith(letter)) ?? otherwise;
    say(isTaken ? '\r\u001b[2K\u001b8' : `${answer}\r\n`);
    return answer;
  } finally {
    stream.setRawMode(false);
    stream.destroy();
    closeSync(output);
  }
}

function openTerminal(flags: 'r' | 'w' | 'r+'): number | undefined {
  try {
    return openSync('/dev/tty', flags);
  } catch {
    return undefined;
  }
}
