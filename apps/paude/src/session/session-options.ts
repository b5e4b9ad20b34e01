import { type Command, Option } from 'commander';

/** `--backend` of a command about a session that is there. */
export interface BackendFlag {
  readonly backend?: string;
}

export function backendOption(description = 'where it runs (default: where it is found)'): Option {
  return new Option('--backend <name>', description).choices(['podman', 'docker']);
}

/** Adds `[name]` and `--backend`. */
export function withSession(command: Command): Command {
  return command
    .argument('[name]', 'the session (default: the one of this directory, or the only one)')
    .addOption(backendOption());
}

/** Values of a repeatable flag, as they are: what splits them takes time to load. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** JSON as all commands write it. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
