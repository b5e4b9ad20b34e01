import { Command } from 'commander';
import type { Io } from './io.ts';
import { VERSION } from './version.ts';

const EXAMPLES = `
Examples:
  paude create --git
  paude run --allowed-domains default -- npx some-agent
  paude proxy --allowed-domains default
  paude help proxy
`;

/** The command line with these commands. */
export function rootCommand(io: Io, commands: readonly Command[]): Command {
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
    // For what stands behind the words of `paude run`.
    .enablePositionalOptions()
    .exitOverride();
  for (const command of commands) program.addCommand(command);
  for (const command of program.commands) inherit(command);
  return program;
}

/** Commander hands these settings on only to commands that it made itself. */
function inherit(command: Command): void {
  if (command.parent !== null) command.copyInheritedSettings(command.parent);
  for (const child of command.commands) inherit(child);
}
