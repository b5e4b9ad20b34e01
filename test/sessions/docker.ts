import { haveCommand } from '../support/commands.ts';
import { type ComponentTests, componentTests } from '../support/components.ts';
import { type ProcessResult, runProcess, successful } from '../support/processes.ts';

/** Tests that need a Docker daemon to talk to; skipped by name where none answers. */
export async function requireDocker(): Promise<ComponentTests> {
  if (!haveCommand('docker')) return componentTests(['docker']);
  const { code } = await runProcess('docker', ['version'], { lifetimeMs: 10_000 });
  return componentTests(code === 0 ? [] : ['Docker daemon']);
}

/** The machine's Docker. What the tests make in it has names of theirs; disposing of it removes that. */
export class Docker implements AsyncDisposable {
  readonly env: NodeJS.ProcessEnv = process.env;

  async run(...args: readonly string[]): Promise<string> {
    return successful(await this.try(...args)).stdout.trimEnd();
  }

  try(...args: readonly string[]): Promise<ProcessResult> {
    return runProcess('docker', args, { env: this.env, lifetimeMs: 120_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.try('rm', '--force', 'outside-test');
    await this.try('network', 'rm', 'outside-test');
    for (const image of [
      'localhost/paude-proxy:test',
      'localhost/base:test',
      'localhost/session-base:test',
    ]) {
      await this.try('image', 'rm', '--force', image);
    }
  }
}
