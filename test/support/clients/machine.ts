import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { runProcess } from '../processes.ts';

const answers = new Map<string, Promise<string>>();

const pipIndexProgram = `
import os, subprocess, sys
from pip._internal.models.index import PyPI
asked = subprocess.run([sys.executable, '-m', 'pip', 'config', 'get', 'global.index-url'], capture_output=True, text=True)
print(os.environ.get('PIP_INDEX_URL') or asked.stdout.strip() or PyPI.simple_url)
`;

/** The Python behind `python3`, past any wrapper that needs the machine's HOME. Asked once a process. */
export function pythonExecutable(): Promise<string> {
  return ask('python', async () => say('python3', ['-c', 'import sys; print(sys.executable)']));
}

/** The registry that npm is configured to use on this machine. */
export async function npmRegistry(): Promise<URL> {
  return new URL(await ask('npm', () => say('npm', ['config', 'get', 'registry'])));
}

/** The index that pip is configured to use on this machine, or else the one built into it. */
export async function pipIndex(): Promise<URL> {
  return new URL(await ask('pip', async () => say(await pythonExecutable(), ['-c', pipIndexProgram])));
}

/** The addresses of a host as this machine's own resolver gives them. */
export async function registryAddresses(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}

/** `--allow-private ADDRESS/32` (or /128) for each address: for machines whose registries have special-use addresses. */
export function allowPrivateFlags(addresses: readonly string[]): readonly string[] {
  return addresses.flatMap((address) => ['--allow-private', `${address}/${isIP(address) === 6 ? 128 : 32}`]);
}

async function say(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProcess(command, args, { cwd: tmpdir(), lifetimeMs: 30_000 });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed (${code}): ${stderr}`);
  return stdout.trim();
}

function ask(what: string, find: () => Promise<string>): Promise<string> {
  const answer = answers.get(what) ?? find();
  answers.set(what, answer);
  return answer;
}
