import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PaudeError } from '@paude/errors';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const app = join(repository, 'apps/paude-proxy');
const ELF_MAGIC = '\u007fELF';

/** Libraries that Node is linked with and small base images lack. */
const EXTRA_LIBRARIES = ['libatomic.so.1'];

/** Lays out in `context` what the Containerfile copies: `paude/` with Node, its libraries and the bundle. */
export function stageContext(context: string): { version: string } {
  const root = join(context, 'paude');
  for (const directory of ['bin', 'lib']) mkdirSync(join(root, directory), { recursive: true });
  const { version } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')) as { version: string };
  bundle(root);
  writeFileSync(
    join(root, 'package.json'),
    `${JSON.stringify({ name: 'paude-proxy', version, type: 'module' })}\n`,
  );
  copyFileSync(join(repository, 'LICENSE'), join(root, 'LICENSE'));
  const node = pinnedNode();
  copyFileSync(node, join(root, 'bin/node'));
  chmodSync(join(root, 'bin/node'), 0o755);
  for (const [name, path] of linkedLibraries(node)) {
    if (EXTRA_LIBRARIES.includes(name)) copyFileSync(path, join(root, 'lib', name));
  }
  const { status } = spawnSync('chmod', ['-R', 'a+rX,go-w', context]);
  if (status !== 0) throw stageError('its permissions cannot be set', 'Check that chmod can be run');
  return { version };
}

/** The bundle goes to a directory of its own: rolldown empties the one that it writes to. */
function bundle(root: string): void {
  const args = ['--config', join(repository, 'rolldown.config.js'), '--dir', join(root, 'app')];
  const { status, stderr } = spawnSync(join(repository, 'node_modules/.bin/rolldown'), args, {
    cwd: app,
    encoding: 'utf8',
  });
  if (status !== 0)
    throw stageError(`the bundle cannot be made: ${stderr}`, 'Run npm ci, then npm run build');
}

/** The Node that package-lock.json pins, whichever Node runs this script. */
function pinnedNode(): string {
  const path = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin/node');
  const head = Buffer.alloc(4);
  try {
    const file = openSync(path, 'r');
    readSync(file, head, 0, 4, 0);
    closeSync(file);
  } catch (error) {
    throw stageError('there is no Node in node_modules', 'Run npm ci with install scripts allowed', error);
  }
  if (head.toString('latin1') === ELF_MAGIC) return path;
  throw stageError('the Node in node_modules is no Linux program', 'Run npm ci on Linux');
}

/** What the dynamic linker loads for a program: name and path of each library. */
function linkedLibraries(program: string): readonly (readonly [name: string, path: string])[] {
  const { status, stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
  if (status !== 0) throw stageError('ldd cannot say which libraries Node needs', 'Install ldd (libc-bin)');
  return [...stdout.matchAll(/^\s*(\S+) => (\/\S+) /gm)].map(
    ([, name = '', path = '']) => [name, path] as const,
  );
}

function stageError(why: string, remedy: string, cause?: unknown): PaudeError {
  return new PaudeError('image-context', { action: 'prepare the image', why, remedy, cause });
}
