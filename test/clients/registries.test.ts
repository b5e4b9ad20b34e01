import { expect } from 'vitest';
import { allowPrivateFlags, npm, npmRegistry, pip, pipIndex, registryAddresses } from '../support/clients.ts';
import { requireComponent } from '../support/components.ts';
import { type ProxyProcess, startProxy } from '../support/proxy-process.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';

const TIMEOUT_MS = 120_000;

/** A proxy whose only rule is one alias; `take` replaces it by another while the proxy runs. */
async function proxyWith(
  alias: string,
  host: string,
): Promise<{ proxy: ProxyProcess; take: (word: string) => Promise<void> }> {
  const directory: TemporaryDirectory = untilTestEnds(await temporaryDirectory('registries'));
  const allowlist = await directory.write('allowlist.yaml', `- ${alias}\n`);
  // Registries may be reached under special-use addresses here: exactly those are opened.
  const flags = allowPrivateFlags(await registryAddresses(host));
  const proxy = untilTestEnds(await startProxy(['--allowlist', allowlist, ...flags]));
  const take = async (word: string) => {
    await directory.write('allowlist.yaml', `- ${word}\n`);
    await proxy.waitForEvent({ event: 'policy-changed' });
  };
  return { proxy, take };
}

requireComponent('npm').test(
  'npm asks its registry with the alias alone, and is told why when the alias is taken away',
  async () => {
    const { proxy, take } = await proxyWith('nodejs', (await npmRegistry()).hostname);
    const allowed = await npm(['view', 'is-number', 'name'], { proxy: proxy.url });
    expect(allowed).toMatchObject({ code: 0, stdout: 'is-number\n' });
    expect(await proxy.waitForEvent({ event: 'decision' })).toMatchObject({
      decision: 'allow',
      alias: 'nodejs',
    });

    await take('rust');
    const refused = await npm(['view', 'is-number', 'name'], { proxy: proxy.url });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('Blocked by the egress policy: not-listed');
    expect(await proxy.waitForEvent({ decision: 'deny' })).toMatchObject({ reason: 'not-listed' });
  },
  TIMEOUT_MS,
);

requireComponent('python3', 'pip').test(
  'pip downloads with the alias alone, and is told why when the alias is taken away',
  async () => {
    const { proxy, take } = await proxyWith('python', (await pipIndex()).hostname);
    const directory = untilTestEnds(await temporaryDirectory('wheels'));
    const download = ['download', 'six==1.16.0', '--no-deps', '--dest', directory.path];
    const allowed = await pip(download, { proxy: proxy.url });
    expect(allowed.code, allowed.stderr).toBe(0);
    expect(allowed.stdout).toContain('Successfully downloaded six');
    expect(await proxy.waitForEvent({ event: 'decision' })).toMatchObject({
      decision: 'allow',
      alias: 'python',
    });

    await take('rust');
    const refused = await pip(download, { proxy: proxy.url, env: { PIP_RETRIES: '1' } });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('Blocked by the egress policy: not-listed');
  },
  TIMEOUT_MS,
);
