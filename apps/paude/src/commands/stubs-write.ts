import { readFile } from 'node:fs/promises';
import { readRoots, stubRoutes, type WrittenStubs, writeStubs } from '@paude/credentials';
import { PaudeError } from '@paude/errors';
import { readCertificate, readCredentialsFile } from '@paude/proxy';
import { Command, Option } from 'commander';
import type { OutputFormat } from '../allowlist-options.ts';
import { caDirectory } from '../ca-directory.ts';
import { formatColumns } from '../columns.ts';
import { commandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';

interface StubsFlags {
  readonly proxy: string;
  readonly ca?: string;
  readonly caDir?: string;
  readonly credentials?: string;
  readonly only?: readonly string[];
  readonly roots?: string;
  readonly mountedAt?: string;
  readonly output: OutputFormat;
}

const EXAMPLES = `
Examples:
  paude stubs write ./stubs
  . ./stubs/env.sh
  paude stubs write ./stubs --ca ca.crt --proxy http://paude-proxy:3128 --mounted-at /run/paude
  podman run --env-file ./stubs/env --volume ./stubs:/run/paude:ro IMAGE

Without --ca-dir: PAUDE_PROXY_CA_DIR, else paude/ca in XDG_STATE_HOME, which is ~/.local/state by default.
`;

/** `paude stubs write`: the files and variables of a session whose credentials stay with the proxy. */
export function stubsWriteCommand(io: Io): Command {
  return new Command('write')
    .argument('<directory>', 'where to write; made when it is missing')
    .description(
      'Write what a session needs to work through the proxy: stub logins, placeholders for API keys, the authorities to trust, and an environment. Reads no credential.',
    )
    .addOption(
      new Option('--proxy <url>', 'the proxy as the session reaches it').default('http://127.0.0.1:3128'),
    )
    .option('--ca-dir <dir>', 'the directory of the proxy’s certificate authority')
    .option('--ca <file>', 'its certificate alone, as a PEM file')
    .option('--credentials <file>', 'the proxy’s credential routes, to have stubs for these as well')
    .option('--only <routes>', 'stubs for these routes alone, by name (repeatable)', collectNames)
    .option('--roots <file>', 'the other authorities to trust (default: those of this machine)')
    .option('--mounted-at <dir>', 'where the session sees the directory (default: where it is)')
    .addOption(new Option('-o, --output <format>', 'how to answer').choices(['text', 'json']).default('text'))
    .addHelpText('after', EXAMPLES)
    .action(async (directory: string, flags: StubsFlags) => {
      const { credentials, only, roots, mountedAt } = flags;
      const authority = await readAuthorityOf(flags, io);
      const routes = stubRoutes({
        only,
        ...(credentials === undefined
          ? {}
          : { written: await readCredentialsFile(credentials), where: credentials }),
      });
      const written = await writeStubs(directory, {
        proxy: flags.proxy,
        authority,
        routes,
        mountedAt,
        roots: roots === undefined ? undefined : await readRoots(roots),
      });
      io.stdout.write(flags.output === 'json' ? `${JSON.stringify(written, null, 2)}\n` : told(written));
    });
}

/** The certificate that a session is to trust. The key beside it is not read. */
async function readAuthorityOf({ ca, caDir }: StubsFlags, io: Io): Promise<{ pem: string; where: string }> {
  if (ca === undefined) {
    const { pem, path } = await readCertificate(caDirectory(caDir, io.env));
    return { pem, where: path };
  }
  if (caDir === undefined) return { pem: await readCaFile(ca), where: ca };
  throw commandLineError({
    action: 'write stubs',
    why: 'the certificate authority of the proxy was named twice',
    remedy: 'Name either its directory with --ca-dir or its certificate with --ca',
  });
}

async function readCaFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new PaudeError('ca-certificate-invalid', {
      action: 'use the CA certificate',
      input: path,
      why: code === 'ENOENT' ? 'there is no such file' : `reading it failed (${code})`,
      remedy: 'Name the PEM file that paude ca show names',
      cause: error,
    });
  }
}

function told({ directory, files }: WrittenStubs): string {
  return formatColumns(files.map(({ name, what }) => [`${directory}/${name}`, what]));
}

function collectNames(value: string, before: readonly string[] = []): string[] {
  return [...before, ...value.split(',').map((name) => name.trim())].filter((name) => name !== '');
}
