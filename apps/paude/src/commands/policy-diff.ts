import { diffSources, renderDiff } from '@paude/policy';
import { Command } from 'commander';
import type { Io } from '../io.ts';
import { readSource, withExpectedObjects } from '../policy/read-source.ts';
import { comparing, type ReportFlags, reportOptions, withReportOptions } from '../policy/report-options.ts';
import { SOURCES_HELP } from '../policy/source-name.ts';
import { readOptionsOf, type SourceFlags, withSourceOptions } from '../policy/source-options.ts';

const EXAMPLES = `${SOURCES_HELP}
Exit code: 0 the same, 1 different, 2 or more: it failed.

Examples:
  paude policy diff file:allowlist.yaml cluster:prod/agents
  paude policy diff default,.example.com file:allowlist.yaml
  paude policy diff file:allowlist.yaml log:audit.jsonl
  paude policy diff squid:/etc/squid/squid.conf file:allowlist.yaml --output markdown
  paude policy diff manifests:deploy cluster:agents --session my-project --output json
`;

/** `paude policy diff`: how what one source allows and enforces differs from another. */
export function policyDiffCommand(io: Io): Command {
  const command = new Command('diff')
    .argument('<from>', 'a source')
    .argument('<to>', 'another source')
    .description(
      'Say how two sources differ in what they allow, enforce and see used; standard output is the report alone',
    );
  return withReportOptions(withSourceOptions(command))
    .addHelpText('after', EXAMPLES)
    .action((from: string, to: string, flags: SourceFlags & ReportFlags) =>
      comparing(flags, io, async () => {
        const atMs = Date.now();
        const options = readOptionsOf(flags, io, atMs);
        // One after the other: the progress of two would be on one line.
        const [before, after] = [await readSource(from, options), await readSource(to, options)];
        const diff = diffSources(withExpectedObjects(before, after), withExpectedObjects(after, before), {
          atMs,
        });
        io.stdout.write(renderDiff(diff, reportOptions(flags, io)));
        if (diff.same) io.stderr.write('No differences.\n');
        return diff;
      }),
    );
}
