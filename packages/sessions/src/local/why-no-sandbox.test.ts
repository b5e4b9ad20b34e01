import { describe, expect, it } from 'vitest';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { whyNoSandbox } from './why-no-sandbox.ts';

describe('whyNoSandbox()', () => {
  it.each([
    ['user/max_user_namespaces', '0', 'sysctl user.max_user_namespaces=15000'],
    ['user/max_net_namespaces', '0', 'sysctl user.max_net_namespaces=15000'],
    ['kernel/unprivileged_userns_clone', '0', 'sysctl kernel.unprivileged_userns_clone=1'],
    ['kernel/apparmor_restrict_unprivileged_userns', '1', 'Install bubblewrap and its profile'],
    ['user/max_user_namespaces', '100', 'In a container, run it with --security-opt seccomp=unconfined'],
  ])('finds the setting %s = %s, and says what helps', async (file, value, remedy) => {
    const directory = untilTestEnds(await temporaryDirectory('settings'));
    await directory.write(file, `${value}\n`);
    const error = whyNoSandbox('exit code 1', directory.path);
    expect(error.code).toBe('sandbox-unavailable');
    expect(error.message).toContain(remedy);
  });
});
