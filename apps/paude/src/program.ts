import { Command } from 'commander';
import { allowlistCommand } from './commands/allowlist.ts';
import { caCommand } from './commands/ca.ts';
import { proxyCommand } from './commands/proxy.ts';
import { stubsCommand } from './commands/stubs.ts';
import type { Io } from './io.ts';
import { VERSION } from './version.ts';

const EXAMPLES = `
Examples:
  paude proxy --allowed-domains default
  paude help proxy
`;

/** The whole command line. */
export function createProgram(io: Io): Command {
  const program = new Command('paude')
    .description('Runs AI coding agents that reach only what their owner allows')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .addHelpText('after', EXAMPLES)
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      // Told once, in our own grammar, when the error arrives at its end.
      outputError: () => undefined,
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
    })
    .exitOverride();
  program.addCommand(proxyCommand(io));
  program.addCommand(allowlistCommand(io));
  program.addCommand(caCommand(io));
  program.addCommand(stubsCommand(io));
  for (const command of program.commands) inherit(command);
  return program;
}

/** Commander hands these settings on only to commands that it made itself. */
function inherit(command: Command): void {
  if (command.parent !== null) command.copyInheritedSettings(command.parent);
  for (const child of command.commands) inherit(child);
}
