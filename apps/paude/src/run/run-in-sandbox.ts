import { readFileSync, realpathSync } from 'node:fs';
import { isatty } from 'node:tty';
import { PaudeError } from '@paude/errors';
import {
  filtersCalls,
  findMaker,
  findProgram,
  type Maker,
  openSandbox,
  planSandbox,
  type Sandbox,
  type SandboxPlan,
} from '@paude/sessions/local';
import { commandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { commandEnvironment, hasKnownCredential } from './command-environment.ts';
import { ignoredSignals, passSignals } from './command-signals.ts';
import { standardError } from './notices.ts';
import { ownPlaces } from './own-places.ts';
import { parseProject, readProjectText } from './project-file.ts';
import { checkTrust, recordTrust } from './project-trust.ts';
import { makeRunDirectory, type RunDirectory } from './run-directory.ts';
import type { RunFlags } from './run-flags.ts';
import { RunSession } from './run-session.ts';

/** How long the proxy waits with loading: most of its code is not needed until the command has started and asks for a host. */
const HEAD_START_MS = 50;

/**
 * Runs a command in a sandbox whose only way out is a proxy in this process.
 *
 * @returns the exit code of the command.
 * @throws PaudeError for what is wrong with the command line, the allowlist or the machine; the command has not started then.
 */
export async function runInSandbox(words: readonly string[], flags: RunFlags, io: Io): Promise<number> {
  refuseOtherSystems(io.platform);
  if (flags.ask === true) await refuseWithoutTerminal(flags);
  const directory = realpathSync(io.cwd());
  const text = readProjectText(directory);
  const trust = { directory, env: io.env };
  if (flags.trustProject === true) recordTrust(trust, text);
  else if (flags.sandboxFs) checkTrust(trust, text);
  const project = parseProject(directory, text);
  const hasCredentials =
    flags.credentials !== undefined || (flags.defaultCredentials && hasKnownCredential(io.env));
  // Before anything is made: a variable that may not be passed ends it here.
  const environment = (stubs?: Readonly<Record<string, string>>) =>
    commandEnvironment({
      outside: io.env,
      named: flags.env ?? [],
      directory,
      hasOwnFiles: flags.sandboxFs,
      stubs,
    });
  environment();
  const maker = findMaker(flags.sandbox);
  refuseMissingProgram(words, io);
  const owner = { pid: io.pid, uid: userOf(io).uid, env: io.env };
  const files = hasCredentials ? makeRunDirectory(owner) : undefined;
  const ignored = ignoredSignals();
  const sharesTerminal = [0, 1, 2].some(isatty) && isTerminalSafe(maker, io);
  let sandbox: Sandbox | undefined;
  const stopPassing = passSignals(io, {
    sharesTerminal,
    ignored,
    sandbox: () => sandbox,
    onEarlyEnd: () => files?.remove(),
  });
  const session = new RunSession({
    flags,
    project,
    trust,
    io,
    notices: standardError,
    hasCredentials,
    files,
  });
  try {
    const secretFiles = hasCredentials ? await session.secretFiles() : [];
    const opening = openSandbox({
      plan: planOf(flags, io, { directory, files, secretFiles }),
      maker,
      node: io.execPath,
      machine: io.arch,
      sharesTerminal,
      ignoredSignals: ignored,
      kill: (pid, signal) => void io.kill(pid, signal),
    });
    // To load what reads the settings keeps this process busy; the sandbox is made meanwhile.
    await opening.told;
    const [opened, prepared] = await Promise.allSettled([opening.sandbox, session.prepare()]);
    if (opened.status === 'rejected') throw prepared.status === 'rejected' ? prepared.reason : opened.reason;
    sandbox = opened.value;
    if (prepared.status === 'rejected') throw prepared.reason;
    const stubs = hasCredentials ? await session.openWithStubs(sandbox) : undefined;
    sandbox.start({ words, env: environment(stubs) });
    if (!hasCredentials) session.openLater(sandbox, HEAD_START_MS);
    const code = await Promise.race([sandbox.ended, session.failed]);
    return await session.end(code);
  } catch (error) {
    sandbox?.kill();
    await sandbox?.ended;
    await session.close();
    throw error;
  } finally {
    stopPassing();
    files?.remove();
  }
}

function planOf(
  flags: RunFlags,
  io: Io,
  {
    directory,
    files,
    secretFiles,
  }: { directory: string; files: RunDirectory | undefined; secretFiles: readonly string[] },
): SandboxPlan {
  const user = userOf(io);
  if (!flags.sandboxFs) return { mounts: undefined, directory, user };
  const { HOME: home = '/' } = io.env;
  return planSandbox({
    directory,
    home,
    user,
    environment: io.env,
    read: flags.read ?? [],
    write: flags.write ?? [],
    hide: [...(flags.hide ?? []), ...secretFiles],
    own: [...ownPlaces(io.execPath), `${directory}/paude.json`],
    kept: files === undefined ? [] : [files.path],
    stubs: files?.stubs,
  });
}

function userOf(io: Io): { uid: number; gid: number } {
  return { uid: io.getuid?.() ?? 0, gid: io.getgid?.() ?? 0 };
}

/**
 * Whether a command that shares the terminal cannot type into it (TIOCSTI, ioctl_tty(2)): where the kernel does not let it,
 * or where the sandbox has a filter.
 */
function isTerminalSafe(maker: Maker, { arch }: Io): boolean {
  if (filtersCalls(maker, arch)) return true;
  try {
    return readFileSync('/proc/sys/dev/tty/legacy_tiocsti', 'utf8').trim() === '0';
  } catch {
    return false;
  }
}

function refuseOtherSystems(platform: string): void {
  if (platform === 'linux') return;
  throw new PaudeError('sandbox-unavailable', {
    action: 'run a command in a sandbox on',
    input: platform,
    why: 'it is made of namespaces, which only Linux has',
    remedy: 'Use a backend that runs sessions in containers: podman or docker on this machine, or openshift',
  });
}

function refuseMissingProgram([program = '']: readonly string[], { env }: Io): void {
  if (program.includes('/') || findProgram(program, env.PATH ?? '') !== undefined) return;
  throw new PaudeError('command-missing', {
    action: 'run the command',
    input: program,
    why: 'there is no such program in PATH',
    remedy: 'Install it, or write its path',
  });
}

async function refuseWithoutTerminal({ reportOnly }: RunFlags): Promise<void> {
  const { hasTerminal } = await import('./terminal-question.ts');
  const why =
    reportOnly === true
      ? 'with --report-only nothing is blocked'
      : hasTerminal()
        ? undefined
        : 'there is no terminal';
  if (why === undefined) return;
  throw commandLineError({ action: 'ask about what is blocked', why, remedy: 'Leave --ask out' });
}
