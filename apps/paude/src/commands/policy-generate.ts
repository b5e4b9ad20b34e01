import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PaudeError } from '@paude/errors';
import { renderDirectory, renderJson, renderYaml } from '@paude/policy';
import { Command, Option } from 'commander';
import { type AllowlistWordFlags, readAllowlist, withAllowlistWords } from '../allowlist-options.ts';
import { commandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { formatDiagnostics, viewDiagnostic } from '../policy/diagnostics.ts';
import { type Emitted, emitKinds } from '../policy/emit.ts';
import { type IntentFlags, intentOf, kindsOf, withIntentOptions } from '../policy/intent-options.ts';
import { ExitCode } from '../report-failure.ts';

interface GenerateFlags extends AllowlistWordFlags, IntentFlags {
  readonly output: 'yaml' | 'json' | 'dir';
  readonly directory?: string;
  readonly image: string;
  readonly diagnostics?: string;
  readonly strict?: boolean;
}

const EXAMPLES = `
Examples:
  paude policy generate default --session my-project --namespace agents --target openshift
  paude policy generate --allowlist allowlist.yaml --namespace agents --kind EgressFirewall
  paude policy generate default --standalone team-proxy --namespace egress -o dir --directory deploy
  paude policy generate default --namespace agents --target cilium --strict | kubectl apply --dry-run=server -f -
`;

/** `paude policy generate`: the objects that enforce an allowlist. */
export function policyGenerateCommand(io: Io): Command {
  const command = new Command('generate').argument('[words...]', 'aliases and patterns');
  return withIntentOptions(withAllowlistWords(command))
    .description(
      'Write the Kubernetes objects that enforce an allowlist. What they cannot say goes to standard error.',
    )
    .optionsGroup('What is written:')
    .addOption(new Option('-o, --output <format>', 'how').choices(['yaml', 'json', 'dir']).default('yaml'))
    .option('--directory <dir>', 'where, with --output dir')
    .option('--image <image>', 'the image of the proxy, in a bundle', 'paude-proxy:latest')
    .option('--diagnostics <file>', 'write what could not be said as JSON, too')
    .option('--strict', 'exit 1 when an object lets more pass than the allowlist, or could fail open')
    .addHelpText('after', EXAMPLES)
    .action((words: readonly string[], flags: GenerateFlags) => generate(words, flags, io));
}

async function generate(words: readonly string[], flags: GenerateFlags, io: Io): Promise<void> {
  const { output, directory, image, strict } = flags;
  if ((output === 'dir') !== (directory !== undefined))
    throw commandLineError({
      action: 'write the objects',
      why: output === 'dir' ? 'no directory is named' : '--directory is only for --output dir',
      remedy: 'Write --output dir --directory DIR',
    });
  const allowlist = await readAllowlist(words, flags);
  const emitted = emitKinds(allowlist, intentOf(flags, Date.now()), { kinds: kindsOf(flags), image });
  const { diagnostics } = emitted;
  io.stderr.write(formatDiagnostics(diagnostics));
  if (flags.diagnostics !== undefined)
    await writeFile(flags.diagnostics, `${JSON.stringify(diagnostics.map(viewDiagnostic), null, 2)}\n`);
  // A part of what was asked for would look like the whole.
  if (diagnostics.some(({ severity }) => severity === 'error')) throw new ExitCode(1);
  await write(emitted, { output, directory, io });
  const opens = diagnostics.some(({ effect }) => effect === 'widened' || effect === 'fail-open');
  if (strict === true && opens) throw new ExitCode(1);
}

async function write(
  { objects }: Emitted,
  { output, directory, io }: { output: GenerateFlags['output']; directory: string | undefined; io: Io },
): Promise<void> {
  if (output === 'yaml') return void io.stdout.write(renderYaml(objects));
  if (output === 'json') return void io.stdout.write(renderJson(objects));
  const files = renderDirectory(objects);
  for (const [name, text] of files) {
    const path = join(directory ?? '.', name);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    } catch (cause) {
      const why = `it cannot be written (${(cause as NodeJS.ErrnoException).code})`;
      const remedy = 'Name a directory that this user may write to';
      throw new PaudeError('output-unwritable', { action: 'write', input: path, why, remedy, cause });
    }
  }
  io.stderr.write(`Wrote ${files.size} files to ${directory}.\n`);
}
