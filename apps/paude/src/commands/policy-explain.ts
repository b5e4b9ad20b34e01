import { explainHost, REPORT_FORMATS, type ReportFormat, renderExplanation } from '@paude/policy';
import { Command, Option } from 'commander';
import { type AllowlistWordFlags, readAllowlist, withAllowlistWords } from '../allowlist-options.ts';
import { commandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { PLATFORMS } from '../policy/intent-options.ts';
import { readSource } from '../policy/read-source.ts';
import { reportOptions } from '../policy/report-options.ts';
import { SOURCES_HELP } from '../policy/source-name.ts';
import { readOptionsOf, type SourceFlags } from '../policy/source-options.ts';
import { parseTarget } from '../target-argument.ts';

interface ExplainFlags extends AllowlistWordFlags, SourceFlags {
  readonly in?: string;
  readonly output: ReportFormat;
}

const EXAMPLES = `${SOURCES_HELP}
Examples:
  paude policy explain api.github.com --in cluster:agents
  paude policy explain https://api.example.com:8443 --in manifests:deploy --allowlist allowlist.yaml
  paude policy explain pypi.example.com --allowed-domains default
`;

/** `paude policy explain`: which rule, which object and which layer decide about a host. */
export function policyExplainCommand(io: Io): Command {
  const command = new Command('explain')
    .argument('<target>', 'HOST, HOST:PORT or URL; the port is 443 when none is named')
    .description('Say which rule, which object and which layer decide about a host')
    .option('--in <source>', 'where: cluster:, session:, manifests:, proxy: or another source')
    .addOption(
      new Option('--session <name>', 'the session that is meant, of several').conflicts('standalone'),
    )
    .option('--standalone <name>', 'the standalone proxy that is meant, of several')
    .option('--kubeconfig <file>', 'for clusters (default: KUBECONFIG, else ~/.kube/config)')
    .addOption(
      new Option('--target <platform>', 'the platform, where it cannot be told').choices([...PLATFORMS]),
    )
    .option('--proxy <url>', 'where the running proxy of the namespace can be asked')
    .option('--admin-token-file <file>', 'the token of that proxy’s admin port')
    .addOption(
      new Option('-o, --output <format>', 'how to answer')
        .choices(REPORT_FORMATS.filter((format) => format !== 'sarif'))
        .default('text'),
    );
  return withAllowlistWords(command)
    .addHelpText('after', EXAMPLES)
    .action(async (text: string, flags: ExplainFlags) => {
      const { host, port } = parseTarget(text);
      const atMs = Date.now();
      const named = flags.allowedDomains !== undefined || flags.allowlist !== undefined;
      if (!named && flags.in === undefined)
        throw commandLineError({
          action: 'explain',
          input: text,
          why: 'nothing was named that decides about it',
          remedy:
            'Name where with --in cluster:NAMESPACE, or an allowlist with --allowed-domains or --allowlist',
        });
      const there =
        flags.in === undefined ? undefined : await readSource(flags.in, readOptionsOf(flags, io, atMs));
      const { allowlist = undefined, running, enforcement } = there?.source ?? {};
      const effective = named ? await readAllowlist([], flags) : allowlist;
      const dns = there?.objects?.subject.intent.dns;
      const explanation = explainHost(
        { host, port },
        {
          atMs,
          ...(dns === undefined ? {} : { dns }),
          ...(effective === undefined ? {} : { allowlist: effective }),
          ...(running === undefined ? {} : { running }),
          ...(enforcement === undefined ? {} : { enforcement }),
        },
      );
      io.stdout.write(renderExplanation(explanation, reportOptions(flags, io)));
    });
}
