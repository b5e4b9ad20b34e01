import { Command } from 'commander';
import type { Io } from '../io.ts';
import { allowlistCheckCommand } from './allowlist-check.ts';
import { allowlistExpandCommand } from './allowlist-expand.ts';
import { allowlistExplainCommand } from './allowlist-explain.ts';
import { allowlistLintCommand } from './allowlist-lint.ts';

const EXAMPLES = `
Examples:
  paude allowlist expand default
  paude allowlist check github.com api.example.com:8443 --allowed-domains default
  paude allowlist explain https://api.github.com/user --allowlist allowlist.yaml
  paude allowlist lint --allowlist allowlist.yaml --output json
`;

/** `paude allowlist`: looks at an allowlist without running anything. */
export function allowlistCommand(io: Io): Command {
  return new Command('allowlist')
    .description('Look at an allowlist: what it means, what it decides, what is wrong with it')
    .addHelpText('after', EXAMPLES)
    .addCommand(allowlistExpandCommand(io))
    .addCommand(allowlistCheckCommand(io))
    .addCommand(allowlistExplainCommand(io))
    .addCommand(allowlistLintCommand(io));
}
