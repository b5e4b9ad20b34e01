import { pythonExecutable } from '../support/clients.ts';
import { haveCommand } from '../support/commands.ts';
import { runProcess } from '../support/processes.ts';
import type { TemporaryDirectory } from '../support/temporary.ts';

/** A Python with packages of its own. */
export interface PythonPackages {
  readonly python: string;
  /** What could not be had; none means that all is there. */
  readonly missing: readonly string[];
}

/** Makes a virtual environment in `directory` and installs packages from the machine's index, as its users would. */
export async function installPackages(
  directory: TemporaryDirectory,
  names: readonly string[],
): Promise<PythonPackages> {
  const python = directory.join('venv/bin/python');
  if (!haveCommand('python3')) return { python, missing: ['python3'] };
  const made = await runProcess(await pythonExecutable(), ['-m', 'venv', directory.join('venv')]);
  if (made.code !== 0) return { python, missing: ['python3-venv'] };
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--retries', '1', ...names];
  const installed = await runProcess(python, args, { cwd: directory.path, lifetimeMs: 240_000 });
  return { python, missing: installed.code === 0 ? [] : names };
}
