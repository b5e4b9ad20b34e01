import type { AppliedObject } from '@paude/cluster';
import { applyOrder } from '@paude/policy';
import { Command, Option } from 'commander';
import { type AllowlistWordFlags, readAllowlist, withAllowlistWords } from '../allowlist-options.ts';
import { parseDuration } from '../duration.ts';
import type { Io } from '../io.ts';
import { openPlace } from '../policy/cluster-source.ts';
import { formatDiagnostics } from '../policy/diagnostics.ts';
import { emitKinds } from '../policy/emit.ts';
import { firewallCheck } from '../policy/firewall-status.ts';
import { type IntentFlags, intentOf, kindsOf, withIntentOptions } from '../policy/intent-options.ts';
import { formatObjectDiff } from '../policy/object-diff.ts';
import { refuseOpening } from '../policy/refuse-opening.ts';
import { ExitCode } from '../report-failure.ts';
import { wantsColour } from '../terminal.ts';

interface ApplyFlags extends AllowlistWordFlags, IntentFlags {
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly dryRun: 'none' | 'server';
  readonly image: string;
  readonly force?: boolean;
  readonly allowFailOpen?: boolean;
  readonly wait: number;
  readonly fieldManager: string;
  readonly output: 'text' | 'json';
}

const EXAMPLES = `
Examples:
  paude policy apply --allowlist allowlist.yaml --session my-project -n agents --dry-run server
  paude policy apply default --standalone team-proxy -n egress --target openshift
`;

/** `paude policy apply`: puts the objects into a cluster, all or none. */
export function policyApplyCommand(io: Io): Command {
  const command = new Command('apply').argument('[words...]', 'aliases and patterns');
  return withIntentOptions(withAllowlistWords(command))
    .description(
      'Put the objects that enforce an allowlist into a cluster by server-side apply: all or none, and never into a state that is open',
    )
    .optionsGroup('How:')
    .option('--kubeconfig <file>', 'for the cluster (default: KUBECONFIG, else ~/.kube/config)')
    .option('--context <name>', 'of the kubeconfig (default: the current one)')
    .addOption(
      new Option('--dry-run <mode>', 'server: show what the server would change, and change nothing')
        .choices(['none', 'server'])
        .default('none'),
    )
    .option('--image <image>', 'the image of the proxy, in a bundle', 'paude-proxy:latest')
    .option('--field-manager <name>', 'in whose name fields are set', 'paude')
    .option('--force', 'take over fields that somebody else has set')
    .option('--allow-fail-open', 'go on where the result can let everything pass')
    .addOption(
      new Option('--wait <duration>', 'for an EgressFirewall to be in force')
        .argParser(parseDuration)
        .default(30_000, '30s'),
    )
    .addOption(new Option('-o, --output <format>', 'how to answer').choices(['text', 'json']).default('text'))
    .addHelpText('after', EXAMPLES)
    .action((words: readonly string[], flags: ApplyFlags) => apply(words, flags, io));
}

async function apply(words: readonly string[], flags: ApplyFlags, io: Io): Promise<void> {
  const { context, kubeconfig, image, output } = flags;
  const dryRun = flags.dryRun === 'server';
  const allowlist = await readAllowlist(words, flags);
  await using cluster = await openPlace({ context, kubeconfig, namespace: flags.namespace }, io);
  const intent = intentOf({ ...flags, namespace: cluster.namespace }, Date.now());
  const { objects, diagnostics } = emitKinds(allowlist, intent, { kinds: kindsOf(flags), image });
  io.stderr.write(formatDiagnostics(diagnostics));
  if (diagnostics.some(({ severity }) => severity === 'error')) throw new ExitCode(1);
  const ordered = applyOrder(objects.map(({ object }) => object));
  await refuseOpening({ cluster, ordered, intent, diagnostics, accepted: flags.allowFailOpen === true, io });
  const { applyAll } = await import('@paude/cluster');
  const applied = await applyAll(cluster, ordered, {
    fieldManager: flags.fieldManager,
    force: flags.force,
    dryRun,
    onApplied: ({ change, after }) => io.stderr.write(`${change} ${after.kind}/${after.metadata.name}\n`),
    check: (done) => firewallCheck(cluster, done, { waitMs: flags.wait, io }),
  });
  const colour = wantsColour(io.stdout, io.env);
  if (output === 'json') io.stdout.write(`${JSON.stringify(applied.map(view), null, 2)}\n`);
  else if (dryRun) for (const one of applied) io.stdout.write(formatObjectDiff(one, { colour }));
  const changed = applied.filter(({ change }) => change !== 'unchanged').length;
  const verb = dryRun ? 'would be changed' : 'changed';
  io.stderr.write(`${changed} of ${applied.length} objects ${verb} in ${cluster.namespace}.\n`);
}

function view({ change, after }: AppliedObject): object {
  const { apiVersion, kind, metadata } = after;
  return { change, apiVersion, kind, namespace: metadata.namespace, name: metadata.name };
}
