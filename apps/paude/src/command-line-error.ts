import { type ErrorParts, PaudeError } from '@paude/errors';
import type { CommanderError } from 'commander';

/** What is wrong with a command line, in the grammar of all other errors. */
export function commandLineError(parts: ErrorParts): PaudeError {
  return new PaudeError('command-line-invalid', parts);
}

/** Whether an error says that the command line is wrong. */
export function isCommandLineError(error: unknown): error is PaudeError {
  return error instanceof PaudeError && error.code === 'command-line-invalid';
}

/** Translates what commander says of a command line that is wrong. */
export function fromCommander(error: CommanderError): PaudeError {
  const text = error.message.replace(/^error: /, '');
  const [first = ''] = text.split('\n');
  const input = /'([^']*)'/.exec(first)?.[1];
  const meant = /\(Did you mean (?:one of )?(.+?)\?\)/.exec(text)?.[1];
  const remedy =
    meant === undefined
      ? 'Add --help to see what there is'
      : `Write ${meant}, or add --help to see what there is`;
  switch (error.code) {
    case 'commander.unknownOption':
      return commandLineError({
        action: 'read the option',
        input,
        why: 'there is none of that name',
        remedy,
      });
    case 'commander.unknownCommand':
      return commandLineError({
        action: 'run the command',
        input,
        why: 'there is none of that name',
        remedy,
      });
    case 'commander.optionMissingArgument':
      return commandLineError({
        action: 'read the option',
        input: input?.split(' ')[0],
        why: 'its value is missing',
        remedy: `Write it as in ${input}`,
      });
    case 'commander.excessArguments':
      return commandLineError({
        action: 'run the command',
        input,
        why: `it takes no further words (${text.replace(/^.*: /, '').replace(/\.$/, '')})`,
        remedy: 'Leave them out, or put the option that they belong to in front',
      });
    default:
      return commandLineError({ action: 'read the command line', why: first.replace(/\.$/, ''), remedy });
  }
}
