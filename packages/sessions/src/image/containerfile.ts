import { PaudeError } from '@paude/errors';

/** What is done on top of what every session has, in this order. */
export interface ImageSteps {
  /** Packages of the base's distribution. */
  readonly packages?: readonly string[];
  /** How the agent is installed: lines of a shell, each a step of its own, as root. */
  readonly install?: readonly string[];
  /** What the project wants besides: the same. */
  readonly setup?: readonly string[];
}

/**
 * The Containerfile with these steps behind it. In their JSON form nothing in them means anything to the builder.
 *
 * @throws PaudeError `package-invalid`.
 */
export function containerfileOf(
  shipped: string,
  { packages = [], install = [], setup = [] }: ImageSteps,
): string {
  const wrong = packages.find((name) => !/^[A-Za-z0-9][A-Za-z0-9+._:@~=-]*$/.test(name));
  if (wrong !== undefined) {
    throw new PaudeError('package-invalid', {
      action: 'install the package',
      input: wrong,
      why: 'no distribution has packages of such a name',
      remedy: 'Write it as in python3-venv, and commands under setup',
    });
  }
  const runs = [
    ...(packages.length === 0 ? [] : [['/bin/sh', '/opt/paude/session/install-packages', ...packages]]),
    ...[...install, ...setup].map((line) => ['/bin/sh', '-ec', line]),
  ];
  if (runs.length === 0) return shipped;
  const user = /^USER (?!0:0).*$/m.exec(shipped)?.[0] ?? 'USER 53128:0';
  return `${[shipped.trimEnd(), 'USER 0:0', ...runs.map((run) => `RUN ${JSON.stringify(run)}`), user].join('\n')}\n`;
}
