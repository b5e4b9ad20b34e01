import { eventually } from '../support/deadline.ts';
import { type EventFilter, type LogEvent, ProxyLog } from '../support/proxy-log.ts';
import type { Podman } from './podman.ts';

/** How to run the proxy's image. */
export interface ContainerOptions {
  readonly image: string;
  readonly network: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What podman mounts: `/host/path:/path:ro`. */
  readonly volumes?: readonly string[];
  /** Behind the image's name on the command line. */
  readonly args?: readonly string[];
}

/** As strictly as a restricted cluster runs it: any user, group 0, no capability, nothing to write to. */
const RESTRICTED = [
  '--read-only',
  ...['--read-only-tmpfs=false', '--cap-drop', 'all'],
  ...['--user', '12345:0', '--security-opt', 'no-new-privileges'],
];

let count = 0;

/** The proxy in a container. Disposing of it removes the container. */
export class ProxyContainer implements AsyncDisposable {
  readonly #podman: Podman;
  readonly name: string;
  /** Its address on the network. */
  readonly address: string;

  private constructor(podman: Podman, name: string, address: string) {
    this.#podman = podman;
    this.name = name;
    this.address = address;
  }

  /** Starts a container and waits until the proxy in it says that it listens. */
  static async start(podman: Podman, options: ContainerOptions): Promise<ProxyContainer> {
    const { image, network, env = {}, volumes = [], args = [] } = options;
    const name = `paude-proxy-test-${process.pid}-${++count}`;
    await podman.run(
      ...['run', '--detach', '--name', name, '--network', network, '--timeout', '600', ...RESTRICTED],
      ...Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
      ...volumes.flatMap((volume) => ['--volume', volume]),
      image,
      ...args,
    );
    const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
    const address = await podman.run('inspect', '--format', format, name);
    const container = new ProxyContainer(podman, name, address);
    await container.waitForEvent({ event: 'listening' });
    return container;
  }

  /** The URL of the proxy in it. */
  url(port = 3128): string {
    return `http://${this.address}:${port}`;
  }

  /** All that the proxy has logged so far, and what it wrote to standard error. */
  async logs(): Promise<{ readonly log: ProxyLog; readonly stderr: string }> {
    const { stdout, stderr } = await this.#podman.try('logs', this.name);
    return { log: new ProxyLog(stdout.split('\n')), stderr };
  }

  /** The first event that fits, past or to come. */
  waitForEvent(filter: EventFilter): Promise<LogEvent> {
    const probe = async () => {
      const { log, stderr } = await this.logs();
      const [event] = log.events(filter);
      if (event === undefined && (await this.inspect('{{.State.Status}}')) === 'exited')
        throw new Error(`The container ended: ${log.lines.join('\n')}${stderr}`);
      return event;
    };
    return eventually(`${JSON.stringify(filter)} in the log of a container`, probe, {
      timeoutMs: 20_000,
      intervalMs: 100,
    });
  }

  inspect(format: string): Promise<string> {
    return this.#podman.run('inspect', '--format', format, this.name);
  }

  /** SIGTERM, and SIGKILL after `graceSeconds`. @returns the exit code. */
  async stop(graceSeconds = 30): Promise<number> {
    await this.#podman.run('stop', '--time', String(graceSeconds), this.name);
    return Number(await this.inspect('{{.State.ExitCode}}'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#podman.try('rm', '--force', '--time', '0', this.name);
  }
}
