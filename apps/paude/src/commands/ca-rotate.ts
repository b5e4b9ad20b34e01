import type { Pattern } from '@paude/allowlist';
import { readCredentialsFile, rotateAuthority } from '@paude/proxy';
import { Command, Option } from 'commander';
import type { OutputFormat } from '../allowlist-options.ts';
import { caDirectory } from '../ca-directory.ts';
import { describeCertificate, viewCertificate } from '../certificate-view.ts';
import type { Io } from '../io.ts';

interface RotateFlags {
  readonly caDir?: string;
  readonly credentials?: string;
  readonly output: OutputFormat;
}

const EXAMPLES = `
Examples:
  paude ca rotate
  paude ca rotate --ca-dir ./ca --credentials credentials.yaml

Without --ca-dir: PAUDE_PROXY_CA_DIR, else paude/ca in XDG_STATE_HOME, which is ~/.local/state by default.
`;

/** `paude ca rotate`: another key, with a certificate for it. */
export function caRotateCommand(io: Io): Command {
  return new Command('rotate')
    .description('Replace the key and the certificate by new ones, and say what has to be done then')
    .option('--ca-dir <dir>', 'the directory of the certificate authority')
    .option(
      '--credentials <file>',
      'the proxy’s credential routes, for an authority for their hosts (default: the hosts of before)',
    )
    .addOption(new Option('-o, --output <format>', 'how to answer').choices(['text', 'json']).default('text'))
    .addHelpText('after', EXAMPLES)
    .action(async ({ caDir, credentials, output }: RotateFlags) => {
      const directory = caDirectory(caDir, io.env);
      const patterns = credentials === undefined ? undefined : await routedHosts(credentials, io);
      const view = viewCertificate(await rotateAuthority(directory, { patterns }), Date.now());
      if (output === 'json') io.stdout.write(`${JSON.stringify(view, null, 2)}\n`);
      else io.stdout.write(describeCertificate(view));
      // The certificate is all that standard output holds; what is left to do is said beside it.
      io.stderr.write(nextSteps(directory));
    });
}

/** The hosts for which a proxy with these routes, in this environment, intercepts connections. */
async function routedHosts(file: string, { env: environment }: Io): Promise<readonly Pattern[]> {
  // Not loaded for all the commands that need no routes.
  const { loadRoutes, openRouter } = await import('@paude/credentials');
  const specs = loadRoutes({ written: await readCredentialsFile(file), where: file, environment });
  const router = await openRouter(specs, { environment });
  router.close();
  return router.patterns;
}

function nextSteps(directory: string): string {
  return `
Nobody trusts the new certificate yet. What is left to do:
  1. Have the proxy use it: send it SIGHUP, or start it again. Until then it goes on with the key of before.
  2. Give it to every session: paude stubs write DIRECTORY --ca-dir ${directory}
     Until then a session refuses the hosts that have credential routes, and reaches all others as before.
`;
}
