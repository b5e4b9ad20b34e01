import { describe, expect, it } from 'vitest';
import { paude } from '../testing/paude.ts';

describe('paude run', () => {
  it.each(['darwin', 'win32'] as const)('says on %s what works there', async (platform) => {
    const { code, stderr } = await paude(['run', '--', 'true'], { platform });
    expect(code).toBe(1);
    expect(stderr).toBe(
      `error: Cannot run a command in a sandbox on "${platform}": it is made of namespaces, which only Linux has. Use a backend that runs sessions in containers: podman or docker on this machine, or openshift.\n`,
    );
  });

  it('wants a command', async () => {
    const { code, stderr } = await paude(['run', '--allowed-domains', 'default']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: Cannot /);
  });

  it('shows its flags among the other commands', async () => {
    const { stdout } = await paude(['help', 'run']);
    expect(stdout).toContain('--no-sandbox-fs');
    expect((await paude(['--help'])).stdout).toContain('run [options] <command...>');
  });
});
