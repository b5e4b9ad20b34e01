import type { Command } from 'commander';

/** What can stand behind the words of a command. */
interface Candidates {
  /** The command's words without `paude`: `remote add`; empty for paude itself. */
  readonly path: string;
  readonly words: readonly string[];
  /** Whether the name of a session can. */
  readonly takesSession: boolean;
}

const SESSION_NAMES = 'paude list --output name 2>/dev/null';

/** The script for a shell. Every word in it is one of ours: letters, digits and hyphens. */
export function completionScript(shell: 'bash' | 'zsh' | 'fish', program: Command): string {
  const all = [...candidatesOf(program, [])];
  if (shell === 'fish') return fishScript(all);
  const script = bashScript(all);
  return shell === 'bash'
    ? script
    : `#compdef paude\nautoload -U +X compinit bashcompinit\n(( $+functions[compdef] )) || compinit\nbashcompinit\n${script}`;
}

function* candidatesOf(command: Command, path: readonly string[]): Generator<Candidates> {
  const options = command.options.filter(({ hidden }) => !hidden).map(({ long }) => long ?? '');
  const commands = command.commands.flatMap((child) => [child.name(), ...child.aliases()]);
  yield {
    path: path.join(' '),
    words: [...commands, ...options, '--help'].filter((word) => /^[\w-]+$/.test(word)),
    takesSession: command.registeredArguments.some((argument) =>
      argument.description.startsWith('the session'),
    ),
  };
  for (const child of command.commands)
    for (const name of [child.name(), ...child.aliases()]) yield* candidatesOf(child, [...path, name]);
}

function bashScript(all: readonly Candidates[]): string {
  const cases = all.map(({ path, words, takesSession }) => {
    const names = takesSession ? ` $(${SESSION_NAMES})` : '';
    return `    "${path}") words="${words.join(' ')}${names}" ;;`;
  });
  return `_paude() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) continue ;; esac
    case "\${path:+$path }$word" in
      ${all
        .slice(1)
        .map(({ path }) => `"${path}"`)
        .join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _paude paude
`;
}

function fishScript(all: readonly Candidates[]): string {
  const lines = all.map(({ path, words, takesSession }) => {
    const names = takesSession ? ` (${SESSION_NAMES})` : '';
    return `complete -c paude -n '__paude_at "${path}"' -a "${words.join(' ')}${names}"`;
  });
  return `function __paude_at
  set -l words (string match -v -- '-*' (commandline -opc)[2..-1])
  set -l known ${all
    .slice(1)
    .map(({ path }) => `"${path}"`)
    .join(' ')}
  set -l path ""
  for word in $words
    set -l longer (string trim -- "$path $word")
    contains -- "$longer" $known; and set path "$longer"
  end
  test "$path" = "$argv[1]"
end
complete -c paude -f
${lines.join('\n')}
`;
}
