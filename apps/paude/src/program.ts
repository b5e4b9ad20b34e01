import type { Command } from 'commander';
import { allowlistCommand } from './commands/allowlist.ts';
import { caCommand } from './commands/ca.ts';
import { policyCommand } from './commands/policy.ts';
import { proxyCommand } from './commands/proxy.ts';
import { runCommand } from './commands/run.ts';
import { sessionCommands } from './commands/session-commands.ts';
import { stubsCommand } from './commands/stubs.ts';
import type { Io } from './io.ts';
import { rootCommand } from './root-command.ts';

/** The whole command line. */
export function createProgram(io: Io): Command {
  return rootCommand(io, [
    ...sessionCommands(io),
    runCommand(io),
    proxyCommand(io),
    allowlistCommand(io),
    policyCommand(io),
    caCommand(io),
    stubsCommand(io),
  ]);
}
