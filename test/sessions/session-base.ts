import { cp, mkdir, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { getCACertificates } from 'node:tls';
import type { Podman } from '../podman/podman.ts';
import { findCommand } from '../support/commands.ts';
import { runProcess, successful } from '../support/processes.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** What a distribution's base image has, or its packages bring. */
const COMMANDS = [
  ...['sh', 'bash', 'cat', 'chmod', 'cp', 'date', 'dirname', 'basename', 'env', 'find', 'grep', 'head', 'id'],
  ...[
    'infocmp',
    'ln',
    'ls',
    'mkdir',
    'mv',
    'ps',
    'rm',
    'sed',
    'sleep',
    'sort',
    'stat',
    'tail',
    'tar',
    'test',
  ],
  ...['timeout', 'touch', 'tr', 'wc', 'git', 'tmux', 'rg', 'tini', 'curl', 'ping', 'getent'],
] as const;

/** Without these there is no session; the others are nice to have. */
const NEEDED = ['bash', 'git', 'tmux', 'tar', 'curl', 'ping', 'ps'] as const;

const TREES = ['/usr/lib/git-core', '/usr/lib/locale/C.utf8', '/lib/terminfo', '/usr/share/git-core'];

/** The commands that a base image cannot be made without, and this machine lacks. */
export function missingForSessions(): readonly string[] {
  return NEEDED.filter((name) => findCommand(name) === undefined);
}

/**
 * Makes an image like that of a small distribution, without a registry: programs of this machine with their libraries, no
 * package manager.
 */
export async function buildSessionBase(podman: Pick<Podman, 'run'>, tag: string): Promise<void> {
  await using context = await temporaryDirectory('session-base');
  const root = context.join('root');
  const programs = COMMANDS.map((name) => findCommand(name)).filter((path) => path !== undefined);
  const copied = new Set<string>();
  const copy = async (path: string, as = path) => {
    if (copied.has(as)) return;
    copied.add(as);
    await mkdir(dirname(`${root}${as}`), { recursive: true });
    await cp(path, `${root}${as}`, { recursive: true, verbatimSymlinks: true });
  };
  for (const program of programs)
    await copy(await realpath(program), `/usr/bin/${program.split('/').at(-1)}`);
  for (const tree of TREES) {
    const there = await realpath(tree).catch(() => undefined);
    if (there !== undefined) await copy(there, tree);
  }
  for (const library of await librariesOf([...programs, '/usr/lib/git-core/git-remote-https'])) {
    await copy(await realpath(library), library);
  }
  const files: Readonly<Record<string, string>> = {
    'root/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n',
    'root/etc/group': 'root:x:0:\nnogroup:x:65534:\n',
    'root/etc/nsswitch.conf': 'passwd: files\nhosts: files dns\n',
    'root/etc/ssl/certs/ca-certificates.crt': getCACertificates('bundled').join('\n'),
    Containerfile:
      'FROM scratch\nCOPY root/ /\nENV PATH=/usr/bin\nRUN ["/usr/bin/bash", "-c", "ln -s /usr/bin /bin; mkdir -p /tmp /root /var; chmod 1777 /tmp"]\n',
  };
  for (const [name, text] of Object.entries(files)) await context.write(name, text, 0o644);
  successful(await runProcess('chmod', ['-R', 'a+rX', context.path]));
  await podman.run('build', '--quiet', '--file', context.join('Containerfile'), '--tag', tag, context.path);
}

async function librariesOf(programs: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await runProcess('ldd', programs);
  return [...new Set(stdout.match(/\/\S+\.so[.\d]*/g) ?? [])];
}
