import { Argument, Command } from 'commander';
import type { Io } from '../io.ts';

const EXAMPLES = `
Examples:
  source <(paude completion bash)
  paude completion zsh > ~/.zfunc/_paude
  paude completion fish > ~/.config/fish/completions/paude.fish
`;

/** `paude completion`: a script that completes commands, options and names of sessions. */
export function completionCommand(io: Io): Command {
  const self: Command = new Command('completion')
    .addArgument(new Argument('<shell>', 'which shell it is for').choices(['bash', 'zsh', 'fish']))
    .description('Print a script that completes the words of paude in a shell.')
    .addHelpText('after', EXAMPLES)
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { completionScript } = await import('../session/completion-script.ts');
      io.stdout.write(completionScript(shell, self.parent ?? self));
    });
  return self;
}
