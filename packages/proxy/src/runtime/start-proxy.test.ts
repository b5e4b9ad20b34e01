import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { buildConfig } from '../config/config.ts';
import type { WrittenConfig } from '../config/schema.ts';
import { openLog } from '../report/log.ts';
import { startProxy } from './start-proxy.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  await new Promise<unknown>((resolve) => server.close(resolve));
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

async function start(written: WrittenConfig): Promise<boolean> {
  const directory = untilTestEnds(await temporaryDirectory('start'));
  const log = openLog({ target: directory.join('log'), format: 'json', colour: false });
  try {
    const proxy = await startProxy(buildConfig({ admin: 'off', ...written }), { log });
    return await proxy.close();
  } finally {
    await log.close();
  }
}

describe('startProxy()', () => {
  it.each(['127.0.0.1', 'localhost', '127.0.0.2', '[::1]'])(
    'refuses to be its own upstream proxy, as %s',
    async (name) => {
      const port = await freePort();
      await expect(
        start({ listen: `127.0.0.1:${port}`, upstream: `http://${name}:${port}` }),
      ).rejects.toMatchObject({
        code: 'config-invalid',
        message: `Cannot use the upstream proxy "${name}:${port}": that is this proxy itself, which would pass every request to itself. Name the other proxy, or leave upstream out.`,
      });
    },
  );

  it('starts with an upstream proxy on another port of the same machine', async () => {
    const [port, other] = [await freePort(), await freePort()];
    expect(await start({ listen: `127.0.0.1:${port}`, upstream: `http://127.0.0.1:${other}` })).toBe(true);
  });
});
