import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stubRoutes, writeStubs } from '@paude/credentials';
import { PLACES } from './part-names.ts';
import type { SessionRecord } from './session-record.ts';
import { type TarEntry, tarOf } from './tar.ts';

/** What a session holds in place of credentials: an archive for its `/credentials`, and its variables. */
export interface SessionCredentials {
  readonly archive: Buffer;
  readonly environment: Readonly<Record<string, string>>;
}

const GOOGLE = 'application_default_credentials.json';

/**
 * Stubs, git's identity and the script that prepares the agent.
 *
 * @param options `proxy`: as the session reaches it; `certificate` of the proxy's authority, PEM, undefined when it has none
 * because it has no credential.
 */
export async function sessionCredentials(
  record: SessionRecord,
  { proxy, certificate }: { readonly proxy: string; readonly certificate: string | undefined },
): Promise<SessionCredentials> {
  const directory = await mkdtemp(join(tmpdir(), 'paude-stubs-'));
  try {
    const written = record.credentials === undefined ? {} : { written: JSON.parse(record.credentials) };
    const { environment } = await writeStubs(join(directory, 'stubs'), {
      proxy,
      authority: certificate === undefined ? undefined : { pem: certificate, where: 'the proxy' },
      routes: stubRoutes(written),
      mountedAt: PLACES.stubs,
    });
    const stubs = await readAll(join(directory, 'stubs'));
    const google = stubs.find(({ path }) => path === GOOGLE);
    const entries: readonly TarEntry[] = [
      ...stubs.map((stub) => ({ ...stub, path: `stubs/${stub.path}` })),
      ...(google === undefined ? [] : [{ ...google, path: `gcloud/${GOOGLE}` }]),
      text('gitconfig', gitConfig(record.gitIdentity)),
      text('prepare.sh', record.prepare),
      // Unpacked last: the session starts its agent when it is there.
      text('ready', ''),
    ];
    return { archive: tarOf(entries), environment };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function readAll(directory: string): Promise<readonly TarEntry[]> {
  const names = (await readdir(directory)).filter((name) => !name.startsWith('.'));
  return Promise.all(
    names.map(async (name) => ({
      path: name,
      mode: (await stat(join(directory, name))).mode & 0o777,
      content: await readFile(join(directory, name)),
    })),
  );
}

function text(path: string, content: string): TarEntry {
  return { path, mode: 0o644, content: Buffer.from(content) };
}

/** git's settings: who commits; values quoted as git-config(1) has it. */
function gitConfig(identity: SessionRecord['gitIdentity']): string {
  const quote = (value: string) => `"${value.replace(/[\\"]/g, '\\$&').replace(/\p{Cc}/gu, ' ')}"`;
  const user =
    identity === undefined
      ? ''
      : `[user]\n\tname = ${quote(identity.name)}\n\temail = ${quote(identity.email)}\n`;
  return `${user}[init]\n\tdefaultBranch = main\n`;
}
