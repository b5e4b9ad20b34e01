import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Backend } from '@paude/sessions';

/** What a command in a session said; it is the session's word, and no more. */
export interface InsideResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in a session's workspace to its end. */
export async function inside(
  backend: Backend,
  name: string,
  command: readonly string[],
): Promise<InsideResult> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const said = Promise.all([text(stdout), text(stderr)]);
  const code = await backend.exec(name, { command, stdout, stderr });
  stdout.end();
  stderr.end();
  const [out, err] = await said;
  return { code, stdout: out.trim(), stderr: err.trim() };
}

/** What a session said, so that it can be shown: no control characters, and not without end. */
export function shown(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, 500);
}
