import { auditPolicy, renderAudit, type Source } from '@paude/policy';
import { Command } from 'commander';
import { commandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { readLog } from '../policy/read-log.ts';
import { type ReadSource, readSource, withExpectedObjects } from '../policy/read-source.ts';
import { comparing, type ReportFlags, reportOptions, withReportOptions } from '../policy/report-options.ts';
import { SOURCES_HELP } from '../policy/source-name.ts';
import { readOptionsOf, type SourceFlags, withSourceOptions } from '../policy/source-options.ts';

interface AuditFlags extends SourceFlags, ReportFlags {
  readonly allowed?: string;
  readonly log?: string;
}

const EXAMPLES = `${SOURCES_HELP}
Exit code: 0 nothing found, 1 something found, 2 or more: it failed.

Examples:
  paude policy audit cluster:agents --log audit.jsonl
  paude policy audit session:my-project --allowed file:allowlist.yaml --output markdown
  paude policy audit manifests:deploy --output sarif
`;

/** `paude policy audit`: what is allowed, what is enforced, what is used, and where the three differ. */
export function policyAuditCommand(io: Io): Command {
  const command = new Command('audit')
    .argument('[enforced]', 'what enforces: cluster:, session: or manifests:', 'cluster:')
    .description(
      'Say in one report what is allowed, what is enforced and what is used, and where the three differ',
    )
    .option('--allowed <source>', 'what should be allowed (default: what the proxy’s ConfigMap says)')
    .option('--log <file>', 'the proxy’s audit log: what is used');
  return withReportOptions(withSourceOptions(command))
    .addHelpText('after', EXAMPLES)
    .action((enforced: string, flags: AuditFlags) =>
      comparing(flags, io, async () => {
        const atMs = Date.now();
        const options = readOptionsOf(flags, io, atMs);
        const there = await readSource(enforced, options);
        if (there.objects === undefined)
          throw commandLineError({
            action: 'audit',
            input: enforced,
            why: 'it holds no objects that enforce anything',
            remedy:
              'Name cluster:NAMESPACE, session:NAME or manifests:DIR, and what is allowed with --allowed',
          });
        const allowed =
          flags.allowed === undefined ? itsOwn(there) : await readSource(flags.allowed, options);
        const used: Source | undefined =
          flags.log === undefined
            ? undefined
            : { name: flags.log, kind: 'log', usage: await readLog(flags.log, io) };
        const report = auditPolicy(
          {
            allowed: withExpectedObjects(allowed, there),
            enforced: there.source,
            ...(used === undefined ? {} : { used }),
          },
          { atMs },
        );
        io.stdout.write(renderAudit(report, reportOptions(flags, io)));
        if (report.same) io.stderr.write('Nothing found.\n');
        return report;
      }),
    );
}

/** What the namespace's own proxy is told to allow. */
function itsOwn({ source }: ReadSource): ReadSource {
  const { allowlist, name, kind } = source;
  if (allowlist !== undefined) return { source: { name, kind, allowlist } };
  throw commandLineError({
    action: 'audit',
    input: name,
    why: 'there is no ConfigMap with the allowlist of a proxy',
    remedy: 'Name what should be allowed: --allowed file:allowlist.yaml',
  });
}
