import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { haveCommand } from '../support/commands.ts';
import { type ComponentTests, componentTests } from '../support/components.ts';
import { type ProcessResult, runProcess, successful } from '../support/processes.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';

const containersConf = fileURLToPath(new URL('containers.conf', import.meta.url));

/** Tests that need podman and what its networks need; skipped by name where one is missing. */
export function requirePodman(): ComponentTests {
  const missing = ['podman', 'runc'].filter((name) => !haveCommand(name));
  if (!haveCommand('iptables') && !haveCommand('nft')) missing.push('iptables');
  if (process.getuid?.() !== 0) missing.push('root');
  return componentTests(missing);
}

/**
 * podman with images, containers and networks of its own, apart from the machine's. Disposing of it removes them all and
 * the directory that they were in.
 */
export class Podman implements AsyncDisposable {
  readonly #directory: TemporaryDirectory;
  /** For programs that start podman themselves: makes them use the same store. */
  readonly env: NodeJS.ProcessEnv;

  private constructor(directory: TemporaryDirectory, env: NodeJS.ProcessEnv) {
    this.#directory = directory;
    this.env = env;
  }

  static async create(): Promise<Podman> {
    const directory = await temporaryDirectory('podman');
    const networks = `network_config_dir = "${directory.join('networks')}"\n`;
    const conf = (await readFile(containersConf, 'utf8')).replace('[network]\n', `[network]\n${networks}`);
    const storage = `[storage]\ndriver = "overlay"\ngraphroot = "${directory.join('graph')}"\nrunroot = "${directory.join('run')}"\n`;
    return new Podman(directory, {
      ...process.env,
      CONTAINERS_CONF: await directory.write('containers.conf', conf),
      CONTAINERS_STORAGE_CONF: await directory.write('storage.conf', storage),
      TMPDIR: directory.path,
    });
  }

  /** Runs podman; what it says on standard output, without the last newline. Throws when it fails. */
  async run(...args: readonly string[]): Promise<string> {
    return successful(await this.try(...args)).stdout.trimEnd();
  }

  /** Runs podman, whatever comes of it. */
  try(...args: readonly string[]): Promise<ProcessResult> {
    return runProcess('podman', args, { env: this.env, lifetimeMs: 120_000 });
  }

  /** Makes a network that leads nowhere but to this machine. @returns this machine's address on it. */
  async createNetwork(name: string): Promise<string> {
    await this.run('network', 'create', '--internal', name);
    const [network] = JSON.parse(await this.run('network', 'inspect', name)) as NetworkInspection[];
    const gateway = network?.subnets[0]?.gateway;
    if (gateway === undefined) throw new Error(`The network ${name} has no gateway`);
    return gateway;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.try('rm', '--all', '--force', '--time', '0');
    await this.try('network', 'prune', '--force');
    await this.try('rmi', '--all', '--force');
    // podman mounts its store over itself and leaves it so.
    await runProcess('umount', ['--lazy', this.#directory.join('graph', 'overlay')]);
    await this.#directory.remove();
  }
}

interface NetworkInspection {
  readonly subnets: readonly { readonly gateway?: string }[];
}
