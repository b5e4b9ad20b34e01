import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PaudeError } from '@paude/errors';
import type { Io } from '../io.ts';

/** What git said. */
export interface GitResult {
  readonly code: number;
  /** Without white space around it. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Where `git-remote-paude` lies: git looks for it on PATH. */
const BIN = fileURLToPath(new URL('../../bin', import.meta.url));

/** git on this machine, in a project. */
export class HostGit {
  readonly #env: Io['env'];
  readonly #directory: string;

  constructor({ env, cwd }: Pick<Io, 'env' | 'cwd'>) {
    // The helper behind the person's own, so that theirs is taken where it is installed; this Node first, for it to run.
    this.#env = { ...env, PATH: [dirname(process.execPath), env.PATH, BIN].filter(Boolean).join(':') };
    this.#directory = cwd();
  }

  /** Runs it, whatever comes of it. @throws PaudeError `git-missing`. */
  try(args: readonly string[], { show }: { readonly show?: Io['stderr'] } = {}): Promise<GitResult> {
    return new Promise((resolve, reject) => {
      const child = spawn('git', args, {
        cwd: this.#directory,
        env: this.#env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const said = { stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said.stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said.stderr += text;
        show?.write(text);
      });
      child.once('error', (cause) => reject(missingGit(cause)));
      child.once('close', (code) =>
        resolve({ code: code ?? -1, stdout: said.stdout.trim(), stderr: said.stderr.trim() }),
      );
    });
  }

  /** Runs it; what it said. @throws PaudeError `git-failed`. */
  async run(action: string, args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.try(args);
    if (code === 0) return stdout;
    throw new PaudeError('git-failed', {
      action,
      why: `git ${args[0]} ended with ${code} (${stderr.split('\n').at(-1) ?? ''})`,
      remedy: 'Look at what git says about it, then try again',
    });
  }

  /** @throws PaudeError `git-failed` outside a repository. */
  async requireRepository(action: string): Promise<void> {
    const { code } = await this.try(['rev-parse', '--git-dir']);
    if (code === 0) return;
    throw new PaudeError('git-failed', {
      action,
      input: this.#directory,
      why: 'it is not in a git repository',
      remedy: 'Go to the repository, or make one with git init',
    });
  }
}

function missingGit(cause: unknown): PaudeError {
  return new PaudeError('git-missing', {
    action: 'run git',
    why: 'it is not on PATH',
    remedy: 'Install git',
    cause,
  });
}
