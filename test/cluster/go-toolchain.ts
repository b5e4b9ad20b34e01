import { spawnSync } from 'node:child_process';
import { findCommand } from '../support/commands.ts';

/** The first Go that can build the pinned Kubernetes; its go.mod says the same. */
export const GO_NEEDED = '1.26';

/** Where the official archive puts it; its users often leave PATH alone. */
const STANDARD_PLACE = '/usr/local/go/bin/go';

/** A Go that is new enough, or that fetches a newer one by itself; undefined when there is none. */
export function findGo(): string | undefined {
  const found = [findCommand('go'), STANDARD_PLACE].filter((path) => path !== undefined);
  return found.find((path) => {
    const [version = '', toolchain = ''] = ask(path, ['GOVERSION', 'GOTOOLCHAIN']);
    if (isAtLeast(version, GO_NEEDED)) return true;
    // From 1.21 on Go fetches the toolchain that a module asks for, unless told not to.
    return isAtLeast(version, '1.21') && /^(auto|.*\+auto)$/.test(toolchain);
  });
}

function ask(go: string, names: readonly string[]): readonly string[] {
  const { stdout = '' } = spawnSync(go, ['env', ...names], { encoding: 'utf8', cwd: '/', timeout: 10_000 });
  return (stdout ?? '').split('\n');
}

function isAtLeast(version: string, needed: string): boolean {
  const [, major = 0, minor = 0] = /^go(\d+)\.(\d+)/.exec(version)?.map(Number) ?? [];
  const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number);
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}
