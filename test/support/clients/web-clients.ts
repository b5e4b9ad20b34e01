import type { ProcessResult } from '../processes.ts';
import { pythonExecutable } from './machine.ts';
import { type ClientOptions, runClient } from './run-client.ts';

const nodeProgram = `
  const [url, method, body] = process.argv.slice(1);
  try {
    const response = await fetch(url, { method, body: body || undefined });
    console.log(response.status);
    console.log(await response.text());
  } catch (error) {
    console.error(String(error), String(error.cause));
    process.exitCode = 1;
  }
`;

const pythonProgram = `
import sys, urllib.request, urllib.error
try:
    with urllib.request.urlopen(sys.argv[1], timeout=30) as response:
        print(response.status)
        sys.stdout.write(response.read().decode())
except urllib.error.HTTPError as error:
    print(error.code)
    sys.stdout.write(error.read().decode())
except OSError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
`;

/** curl, quiet but for errors, without its start-up file. */
export function curl(args: readonly string[], options: ClientOptions = {}): Promise<ProcessResult> {
  return runClient('curl', ['--disable', '--silent', '--show-error', ...args], options);
}

/** git, with no configuration but what the arguments and the repository say, and never asking for a password. */
export function gitClient(args: readonly string[], options: ClientOptions = {}): Promise<ProcessResult> {
  const env = { GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', ...identity, ...options.env };
  return runClient('git', args, { ...options, env });
}

/** `fetch` of this Node, which takes its proxy from the environment; prints the status, then the body. */
export function nodeFetch(
  url: string,
  options: ClientOptions & { readonly method?: string; readonly body?: string } = {},
): Promise<ProcessResult> {
  const { method = 'GET', body = '' } = options;
  const env = { NODE_USE_ENV_PROXY: '1', ...options.env };
  const args = ['--input-type=module', '--eval', nodeProgram, url, method, body];
  return runClient(process.execPath, args, { ...options, env });
}

/** Python's urllib; prints the status, then the body. */
export async function pythonGet(url: string, options: ClientOptions = {}): Promise<ProcessResult> {
  return runClient(await pythonExecutable(), ['-c', pythonProgram, url], options);
}

const identity: NodeJS.ProcessEnv = {
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.test',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.test',
};
