import { createHash } from 'node:crypto';
import type { OperationOptions } from '../backend/backend.ts';
import type { Engine } from '../engine/engine.ts';
import { runBuild } from './run-build.ts';

/** An image that is built from somebody else's Containerfile first, as a devcontainer.json names it. */
export interface BaseBuild {
  readonly dockerfile: string;
  readonly context: string;
  readonly target?: string | undefined;
  readonly args?: Readonly<Record<string, string>>;
}

/**
 * Builds it, each time: the engine knows which of its steps have changed. @returns its name, with a hash of where it is from.
 */
export async function buildBase(engine: Engine, base: BaseBuild, options: OperationOptions): Promise<string> {
  const { dockerfile, context, target, args = {} } = base;
  const hash = createHash('sha256')
    .update(JSON.stringify([dockerfile, context, target, args]))
    .digest('hex');
  const image = `localhost/paude-base:${hash.slice(0, 12)}`;
  options.progress?.step(`Building ${dockerfile}`);
  const build = [
    ...['--file', dockerfile, '--tag', image],
    ...(target === undefined ? [] : ['--target', target]),
    ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    context,
  ];
  await runBuild(engine, build, options);
  // Its content, so that what is built on it is built anew when it has changed.
  const task = { action: 'build the image', input: image };
  const id = await engine.run(['image', 'inspect', '--format', '{{.Id}}', image], { task });
  const tagged = `localhost/paude-base:${id.replace(/^sha256:/, '').slice(0, 12)}`;
  await engine.run(['tag', image, tagged], { task });
  return tagged;
}
