import { Command } from 'commander';
import type { Io } from '../io.ts';
import { policyApplyCommand } from './policy-apply.ts';
import { policyAuditCommand } from './policy-audit.ts';
import { policyDiffCommand } from './policy-diff.ts';
import { policyExplainCommand } from './policy-explain.ts';
import { policyGenerateCommand } from './policy-generate.ts';
import { policyImportCommand } from './policy-import.ts';
import { policyLintCommand } from './policy-lint.ts';
import { policySuggestCommand } from './policy-suggest.ts';

const EXAMPLES = `
Examples:
  paude policy generate default --session my-project --namespace agents --target openshift
  paude policy diff file:allowlist.yaml cluster:prod/agents
  paude policy diff default,.example.com file:allowlist.yaml --output markdown
  paude policy audit cluster:agents --log audit.jsonl
  paude policy explain api.github.com --in cluster:agents
  paude policy suggest --log audit.jsonl
  paude policy import squid squid.conf > allowlist.yaml
  paude policy apply --allowlist allowlist.yaml --session my-project --namespace agents --dry-run server
`;

/** `paude policy`: what enforces an allowlist in a cluster, and whether it does. */
export function policyCommand(io: Io): Command {
  return new Command('policy')
    .description('Turn an allowlist into Kubernetes objects, and compare what is allowed, enforced and used')
    .addHelpText('after', EXAMPLES)
    .addCommand(policyGenerateCommand(io))
    .addCommand(policyDiffCommand(io))
    .addCommand(policyAuditCommand(io))
    .addCommand(policyExplainCommand(io))
    .addCommand(policyLintCommand(io))
    .addCommand(policySuggestCommand(io))
    .addCommand(policyImportCommand(io))
    .addCommand(policyApplyCommand(io));
}
