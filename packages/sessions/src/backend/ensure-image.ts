import type { Engine } from '../engine/engine.ts';
import type { Progress } from './backend.ts';

const PULL_TIMEOUT_MS = 3_600_000;

/**
 * Sees that an image is here, and pulls it when it is not.
 *
 * @throws PaudeError `image-missing`, `disk-full`, and the others of the engine.
 */
export async function ensureImage(
  engine: Engine,
  image: string,
  {
    progress,
    signal,
  }: { readonly progress?: Progress | undefined; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const task = { action: 'use the image', input: image };
  // A name that begins with a hyphen would be a flag.
  const found = await engine.try(['image', 'inspect', '--format', '{{.Id}}', '--', image], { task, signal });
  if (found.code === 0) return;
  progress?.step(`Pulling ${image}`);
  await engine.run(['pull', '--', image], {
    task,
    signal,
    timeoutMs: PULL_TIMEOUT_MS,
    onLine: progress && ((line) => progress.detail(line)),
  });
}
