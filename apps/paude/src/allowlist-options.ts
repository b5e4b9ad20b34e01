import { type Allowlist, splitWords } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import { loadAllowlist } from '@paude/proxy';
import { type Command, Option } from 'commander';

/** The flags that say which allowlist a command is about. */
export interface AllowlistWordFlags {
  readonly allowedDomains?: readonly string[];
  readonly allowlist?: string;
  readonly agent?: string;
}

/** Those, and the form of the answer. */
export interface AllowlistFlags extends AllowlistWordFlags {
  readonly output: OutputFormat;
}

export type OutputFormat = 'text' | 'json';

/** Adds the flags that say which allowlist is meant. */
export function withAllowlistWords(command: Command): Command {
  return command
    .option(
      '--allowed-domains <words>',
      'aliases and patterns, separated by commas (repeatable)',
      collectWords,
    )
    .option('--allowlist <file>', 'more rules, from a YAML or JSON file')
    .option('--agent <name>', 'the agent whose hosts "default" includes');
}

/** Adds the flags that say which allowlist is meant, and in which form to answer. */
export function withAllowlistOptions(command: Command): Command {
  return withAllowlistWords(command).addOption(outputOption());
}

/** `-o text|json`. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to answer').choices(['text', 'json']).default('text');
}

/** Reads the allowlist that words and flags name. */
export function readAllowlist(words: readonly string[], flags: AllowlistWordFlags): Promise<Allowlist> {
  const all = [...words.flatMap(splitWords), ...(flags.allowedDomains ?? [])];
  if (all.length === 0 && flags.allowlist === undefined) {
    throw new PaudeError('allowlist-missing', {
      action: 'read an allowlist',
      why: 'none was named',
      remedy: 'Name words, as in --allowed-domains default, or a file with --allowlist',
    });
  }
  return loadAllowlist({ words: all, file: flags.allowlist, agent: flags.agent });
}

/** Words of a repeatable flag; a comma separates them, but not inside braces or an expression. */
export function collectWords(value: string, before: readonly string[] = []): string[] {
  return [...before, ...splitWords(value)];
}
