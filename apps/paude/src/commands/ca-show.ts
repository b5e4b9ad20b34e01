import { readCertificate } from '@paude/proxy';
import { Command, Option } from 'commander';
import { caDirectory } from '../ca-directory.ts';
import { describeCertificate, viewCertificate } from '../certificate-view.ts';
import type { Io } from '../io.ts';

interface ShowFlags {
  readonly caDir?: string;
  readonly output: 'text' | 'json' | 'pem';
}

const EXAMPLES = `
Examples:
  paude ca show
  paude ca show --ca-dir ./ca --output json
  paude ca show --output pem > ca.crt

Without --ca-dir: PAUDE_PROXY_CA_DIR, else paude/ca in XDG_STATE_HOME, which is ~/.local/state by default.
`;

/** `paude ca show`: the certificate that sessions are to trust. The key beside it is not read. */
export function caShowCommand(io: Io): Command {
  return new Command('show')
    .description('Show the certificate that sessions are to trust, and the hosts that it may sign for')
    .option('--ca-dir <dir>', 'the directory of the certificate authority')
    .addOption(
      new Option('-o, --output <format>', 'how to answer').choices(['text', 'json', 'pem']).default('text'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async ({ caDir, output }: ShowFlags) => {
      const facts = await readCertificate(caDirectory(caDir, io.env));
      const view = viewCertificate(facts, Date.now());
      if (output === 'pem') io.stdout.write(facts.pem);
      else if (output === 'json') io.stdout.write(`${JSON.stringify(view, null, 2)}\n`);
      else io.stdout.write(describeCertificate(view));
    });
}
