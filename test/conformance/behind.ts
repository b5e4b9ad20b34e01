import { authorityPem } from '../support/certificates.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { type Arena, type ArenaOptions, openArena } from './arena.ts';

/** What the proxy says to its upstream proxy, and to nobody else. */
export const CREDENTIALS = 'me:upstream-s3cret';

/** A proxy that reaches everything through another one, with `CREDENTIALS`; it trusts the test authority. */
export async function openBehind(url: string, options: ArenaOptions = {}): Promise<Arena> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory('behind'));
  const [user = '', password = ''] = CREDENTIALS.split(':');
  const passwordFile = await directory.write('password', `${password}\n`);
  const config = await directory.write(
    'proxy.yaml',
    `upstream: ${url.replace('//', `//${user}@`)}\nupstreamPasswordFile: ${passwordFile}\n`,
  );
  const ca = await directory.write('ca.pem', await authorityPem());
  const arena = stack.use(
    await openArena({
      ...options,
      flags: ['--config', config, ...(options.flags ?? [])],
      process: { env: { NODE_EXTRA_CA_CERTS: ca } },
    }),
  );
  const moved = stack.move();
  return { ...arena, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}
