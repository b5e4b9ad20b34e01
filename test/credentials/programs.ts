import { fileURLToPath } from 'node:url';
import type { StubSession } from '../stubs/session.ts';
import type { ProcessResult, RunningProcess } from '../support/processes.ts';

/** Programs that use client libraries as their documentation says, and know nothing of the proxy. */
type Program = 'anthropic' | 'everything' | 'google' | 'grpc' | 'openai' | 'vertex' | 'web-socket';

/** Runs one of them in a session, to its end. */
export function runProgram(
  session: StubSession,
  program: Program,
  args: readonly string[] = [],
): Promise<ProcessResult> {
  return session.run(process.execPath, [pathOf(program), ...args]);
}

/** Starts one of them in a session. */
export function startProgram(
  session: StubSession,
  program: Program,
  args: readonly string[] = [],
): Promise<RunningProcess> {
  return session.start(process.execPath, [pathOf(program), ...args]);
}

function pathOf(program: Program): string {
  return fileURLToPath(new URL(`./programs/${program}.ts`, import.meta.url));
}
