import { PaudeError } from '@paude/errors';
import type { OperationOptions } from '../backend/backend.ts';
import type { Engine } from '../engine/engine.ts';

const BUILD_TIMEOUT_MS = 3_600_000;

/** Runs a build, with its output as progress. */
export async function runBuild(
  engine: Engine,
  args: readonly string[],
  { progress, signal }: OperationOptions,
): Promise<void> {
  const lines: string[] = [];
  const onLine = (line: string) => {
    if (lines.push(line) > 20) lines.shift();
    progress?.detail(line);
  };
  const task = { action: 'build the image' };
  const timeoutMs = BUILD_TIMEOUT_MS;
  try {
    await engine.run([...engine.traits.build, ...args], { task, signal, timeoutMs, onLine });
  } catch (error) {
    // What the engine ended with is about the last step; what that said stands before it.
    if (!(error instanceof PaudeError) || error.code !== 'backend-failed') throw error;
    throw new PaudeError('image-build-failed', {
      ...task,
      why: error.why,
      remedy: 'Read the lines above it, and correct the step that they name',
      cause: new Error(lines.join('\n')),
    });
  }
}
