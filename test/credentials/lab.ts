import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { openSession, type StubSession } from '../stubs/session.ts';
import { authorityPem } from '../support/certificates.ts';
import { type ComponentTests, componentTests } from '../support/components.ts';
import { tcpOrigin } from '../support/origins/tcp-origin.ts';
import type { Origin } from '../support/origins.ts';
import { type ProxyProcess, startProxy } from '../support/proxy-process.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';

/** What a session has in place of credentials. */
export const STUB = 'paude-proxy-managed';

/** The port of the real services, which clients cannot be talked out of. */
const HTTPS_PORT = 443;
const MAX_ATTEMPTS = 20;

/** A proxy that holds credentials, and a session with what `paude stubs write` wrote. */
export interface CredentialLab extends AsyncDisposable {
  readonly proxy: ProxyProcess;
  readonly session: StubSession;
  /** What the proxy alone can see: routes, the authority, kept tokens. */
  readonly directory: TemporaryDirectory;
}

export interface CredentialLabOptions {
  /** The services, by the real names that they answer for. */
  readonly origins: Readonly<Record<string, Pick<Origin, 'host'>>>;
  /** Variables of the proxy that hold secrets. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Credential routes besides those of the default table, as YAML. */
  readonly routes?: string;
  readonly flags?: readonly string[];
  /** What Node runs as the proxy. */
  readonly program?: readonly string[];
}

/** Starts the proxy with its credentials, and writes the stubs of a session. */
export async function credentialLab(options: CredentialLabOptions): Promise<CredentialLab> {
  const { origins, secrets = {}, routes, flags = [], program } = options;
  await using started = new AsyncDisposableStack();
  const directory = started.use(await temporaryDirectory('credentials'));
  const upstreamCa = await directory.write('upstream.pem', await authorityPem());
  const file = routes === undefined ? [] : ['--credentials', await directory.write('routes.yaml', routes)];
  const proxy = started.use(
    await startProxy(
      [
        ...Object.keys(origins).flatMap((name) => ['--allowed-domains', name]),
        ...Object.entries(origins).flatMap(([name, { host }]) => ['--host', `${name}=${host}`]),
        ...['--allow-private', '127.0.0.0/8', '--upstream-ca', upstreamCa],
        ...['--default-credentials', '--ca-dir', directory.join('ca')],
        ...['--credential-state', directory.join('state'), ...file, ...flags],
      ],
      { env: { ...secrets }, ...(program === undefined ? {} : { program }) },
    ),
  );
  const caPem = await readFile(directory.join('ca', 'ca.crt'), 'utf8');
  const session = started.use(await openSession({ proxyUrl: proxy.url, caPem, flags: file }));
  const all = started.move();
  return { proxy, session, directory, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Starts an origin at port 443 of a loopback address that nobody else has. */
export async function atHttpsPort<T>(
  start: (place: { readonly host: string; readonly port: number }) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const host = `127.${randomInt(64, 128)}.${randomInt(256)}.${randomInt(1, 255)}`;
    try {
      return await start({ host, port: HTTPS_PORT });
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!isTaken || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

async function mayListen(): Promise<boolean> {
  try {
    await using _origin = await atHttpsPort((place) => tcpOrigin(() => undefined, place));
    return true;
  } catch (error) {
    if (['EACCES', 'EADDRINUSE'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

const missing = (await mayListen()) ? [] : ['right to listen on port 443'];

/** For tests with origins at port 443, which only some users may listen on, and with whatever else they need. */
export function withOrigins(...alsoMissing: readonly string[]): ComponentTests {
  return componentTests([...missing, ...alsoMissing]);
}
