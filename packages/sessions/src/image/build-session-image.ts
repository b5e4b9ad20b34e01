import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PaudeError } from '@paude/errors';
import type { OperationOptions } from '../backend/backend.ts';
import type { Engine } from '../engine/engine.ts';
import { type BaseBuild, buildBase } from './build-base.ts';
import { containerfileOf, type ImageSteps } from './containerfile.ts';
import { runBuild } from './run-build.ts';

/** What a session's image is to have in it. */
export interface SessionImageRequest extends ImageSteps {
  /** Where the Containerfile and its `rootfs` lie: `containers/session`. */
  readonly directory: string;
  /** @default the one that the Containerfile names */
  readonly base?: string | BaseBuild;
}

/**
 * Builds the image of a session, or finds the one that has been built from the same before.
 *
 * @returns its name, with a hash of all that it is made from: `localhost/paude-session:0123456789ab`.
 * @throws PaudeError `image-build-failed` with the last lines of the build, `package-invalid`, `image-context`, and those of
 * the engine.
 */
export async function buildSessionImage(
  engine: Engine,
  request: SessionImageRequest,
  options: OperationOptions = {},
): Promise<string> {
  const { directory } = request;
  const base =
    typeof request.base === 'object' ? await buildBase(engine, request.base, options) : request.base;
  const containerfile = containerfileOf(await readShipped(directory), request);
  const image = `localhost/paude-session:${await contentHash(directory, [containerfile, base ?? ''])}`;
  const task = { action: 'build the image', input: image };
  const found = await engine.try(['image', 'inspect', '--format', '{{.Id}}', image], { task });
  if (found.code === 0) return image;
  options.progress?.step('Building the image of the session');
  const context = await mkdtemp(join(tmpdir(), 'paude-image-'));
  try {
    await cp(join(directory, 'rootfs'), join(context, 'rootfs'), { recursive: true });
    await writeFile(join(context, 'Containerfile'), containerfile);
    const named = base === undefined ? [] : ['--build-arg', `BASE_IMAGE=${base}`];
    await runBuild(
      engine,
      ['--file', join(context, 'Containerfile'), '--tag', image, ...named, context],
      options,
    );
    return image;
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

async function readShipped(directory: string): Promise<string> {
  try {
    return await readFile(join(directory, 'Containerfile'), 'utf8');
  } catch (error) {
    throw new PaudeError('image-context', {
      action: 'build the image from',
      input: directory,
      why: 'there is no Containerfile in it',
      remedy: 'Install paude again: its files are not complete',
      cause: error,
    });
  }
}

/** Over names, modes and contents of what is copied in, and over the texts. */
async function contentHash(directory: string, texts: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(texts));
  const root = join(directory, 'rootfs');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    const { mode } = await stat(file);
    const content = await readFile(file);
    hash.update(JSON.stringify([file.slice(root.length), mode & 0o111, content.length])).update(content);
  }
  return hash.digest('hex').slice(0, 12);
}
