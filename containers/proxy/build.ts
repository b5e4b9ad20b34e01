import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PaudeError } from '@paude/errors';
import { stageContext } from './stage-context.ts';

const HELP = `Usage: npm run image -- [--tag NAME] [--base IMAGE] [--engine podman|buildah|docker]

Bundles the proxy and builds its image with the first of podman, buildah and docker that is there.
  --tag     name of the image (default: paude-proxy:VERSION and paude-proxy:latest)
  --base    base image, with glibc and libstdc++ (default: the one in containers/proxy/Containerfile)
  --engine  what builds it
`;

const ENGINES = ['podman', 'buildah', 'docker'] as const;
type Engine = (typeof ENGINES)[number];

/** OCI images have no health check; the docker format has. */
const BUILD: Readonly<Record<Engine, readonly string[]>> = {
  podman: ['build', '--format', 'docker'],
  buildah: ['build', '--format', 'docker'],
  docker: ['build'],
};

const containerfile = fileURLToPath(new URL('Containerfile', import.meta.url));

function main(): void {
  const { values } = parseArgs({
    options: {
      tag: { type: 'string', multiple: true },
      base: { type: 'string' },
      engine: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return void process.stdout.write(HELP);
  const engine = findEngine(values.engine);
  const context = mkdtempSync(join(tmpdir(), 'paude-image-'));
  try {
    const { version } = stageContext(context);
    const tags = values.tag ?? [`paude-proxy:${version}`, 'paude-proxy:latest'];
    const args = [
      ...BUILD[engine],
      ...['--file', containerfile],
      ...tags.flatMap((tag) => ['--tag', tag]),
      ...['--build-arg', `VERSION=${version}`],
      ...(values.base === undefined ? [] : ['--build-arg', `BASE_IMAGE=${values.base}`]),
      context,
    ];
    const { status } = spawnSync(engine, args, { stdio: 'inherit' });
    if (status !== 0) {
      throw new PaudeError('image-build-failed', {
        action: 'build the image',
        why: `${engine} ended with ${status ?? 'a signal'}`,
        remedy: `Read what ${engine} said above; without a registry in reach, name a local base image with --base`,
      });
    }
    process.stdout.write(`Built ${tags.join(' and ')} with ${engine}.\n`);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

function findEngine(wanted: string | undefined): Engine {
  const known = ENGINES.find((engine) => engine === wanted);
  if (wanted !== undefined && known === undefined) {
    throw new PaudeError('engine-unknown', {
      action: 'build the image with',
      input: wanted,
      why: 'it is none that this script knows',
      remedy: `Use ${ENGINES.join(', ')}`,
    });
  }
  const candidates = known === undefined ? ENGINES : [known];
  const found = candidates.find((engine) => spawnSync(engine, ['--version']).status === 0);
  if (found !== undefined) return found;
  throw new PaudeError('engine-missing', {
    action: 'build the image',
    why: `${candidates.join(', ')} cannot be run here`,
    remedy: known === undefined ? 'Install one of them' : `Install ${known}, or leave --engine out`,
  });
}

try {
  main();
} catch (error) {
  const isUsage =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!(error instanceof PaudeError) && !isUsage) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
