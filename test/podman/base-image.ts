import { copyFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { getCACertificates } from 'node:tls';
import { runProcess, successful } from '../support/processes.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import type { Podman } from './podman.ts';

/**
 * Makes an image as small base images are, without a registry: the libraries of this machine that Node is linked with,
 * certificate authorities, and the files in /etc by which names are looked up. No shell, no package manager.
 *
 * @param without Libraries to leave out, as such a base may.
 */
export async function buildBaseImage(
  podman: Pick<Podman, 'run'>,
  tag: string,
  without: readonly string[],
): Promise<void> {
  await using context = await temporaryDirectory('base-image');
  for (const library of await librariesOfNode()) {
    if (without.some((name) => library.endsWith(`/${name}`))) continue;
    const target = context.join('root', library);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(library, target);
  }
  const files: Readonly<Record<string, string>> = {
    'root/etc/passwd': 'root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n',
    'root/etc/group': 'root:x:0:\nnogroup:x:65534:\n',
    'root/etc/nsswitch.conf': 'hosts: files dns\n',
    'root/etc/ssl/certs/ca-certificates.crt': getCACertificates('bundled').join('\n'),
    Containerfile: 'FROM scratch\nCOPY root/ /\n',
  };
  for (const [name, text] of Object.entries(files)) await context.write(name, text, 0o644);
  successful(await runProcess('chmod', ['-R', 'a+rX', context.path]));
  await podman.run('build', '--quiet', '--file', context.join('Containerfile'), '--tag', tag, context.path);
}

/** Paths of the libraries that this Node is linked with, the dynamic linker among them. */
async function librariesOfNode(): Promise<readonly string[]> {
  const { stdout } = successful(await runProcess('ldd', [process.execPath]));
  return stdout.match(/\/\S+\.so[.\d]*/g) ?? [];
}
