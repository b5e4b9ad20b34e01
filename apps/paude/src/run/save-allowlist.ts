import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { PaudeError } from '@paude/errors';
import type { TargetUsage } from './usage.ts';

/** Where an allowlist will be written, whatever happens to the names that lead there meanwhile. */
export interface SavePlace {
  save(text: string): void;
  close(): void;
}

/**
 * Opens the directory of a file that is to be written after the command has run. The command may write to directories on the
 * way, so they are not looked up again; and a link that it puts in the place of the file is replaced, not followed.
 *
 * @throws PaudeError `allowlist-unwritable`.
 */
export function openSavePlace(file: string, directory: string): SavePlace {
  const path = resolve(directory, file);
  let opened: number;
  try {
    opened = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw unwritable(file, error);
  }
  const at = (name: string) => `/proc/self/fd/${opened}/${name}`;
  return {
    save(text) {
      const aside = at(`.${basename(path)}.${randomBytes(6).toString('hex')}`);
      try {
        writeFileSync(aside, text, { flag: 'wx' });
        renameSync(aside, at(basename(path)));
      } catch (error) {
        throw unwritable(file, error);
      }
    },
    close: () => closeSync(opened),
  };
}

/** An allowlist file with what a run reached, and what it would have needed besides. */
export function allowlistOf(targets: readonly TargetUsage[]): string {
  const words = targets.map(({ host, port }) => [host, port] as const);
  const byHost = Map.groupBy(words, ([host]) => host);
  const rules = [...byHost].map(([host, used]) =>
    ruleFor(
      host,
      used.map(([, port]) => port),
    ),
  );
  return `version: 1\nrules:${rules.length === 0 ? ' []' : ''}\n${rules.map((rule) => `  - ${rule}\n`).join('')}`;
}

/** One word in quotes: what YAML would read otherwise must not depend on the name. */
function ruleFor(host: string, ports: readonly number[]): string {
  const name = host.includes(':') ? `[${host}]` : host.includes('.') ? host : `${host}.`;
  const others = ports.filter((port) => port !== 80 && port !== 443);
  if (others.length === 0) return JSON.stringify(name);
  const [only] = ports;
  return JSON.stringify(ports.length === 1 ? `${name}:${only}` : `${name}:{${ports.join(',')}}`);
}

function unwritable(file: string, error: unknown): PaudeError {
  return new PaudeError('allowlist-unwritable', {
    action: 'save the allowlist',
    input: file,
    why: `writing it failed (${(error as NodeJS.ErrnoException).code})`,
    remedy: 'Name a file in a directory that is there, and that this user may write to',
    cause: error,
  });
}
