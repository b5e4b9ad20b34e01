import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { bubblewrapArguments } from './bubblewrap.ts';
import { callFilter, filterWords } from './call-filter.ts';
import { ENTRY_PROGRAM, type EntryOrder, type EntryReady } from './entry.ts';
import { processesInside, processInside } from './inner-process.ts';
import { type Maker, SYSTEM_PATH } from './maker.ts';
import { mountScript } from './mount-script.ts';
import { readMountTable } from './mount-table.ts';
import type { SandboxPlan } from './sandbox-plan.ts';
import { whyNoSandbox } from './why-no-sandbox.ts';

/**
 * Signals that the processes around a command must outlive, because it may: they reach the whole foreground of a terminal, or
 * are meant for the command alone.
 */
const OUTLIVED = [
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGHUP',
  'SIGTSTP',
  'SIGTTOU',
  'SIGTTIN',
  'SIGUSR1',
  'SIGUSR2',
];

/** Node ignores this one, and what it starts would, too, where it becomes it. */
const IGNORED_BY_NODE = ['SIGPIPE', 'SIGXFSZ'];

/** From where a maker reads what to make, and bubblewrap its filter. */
const [PLAN_DESCRIPTOR, FILTER_DESCRIPTOR] = [4, 5];

/** What a sandbox is made with. */
export interface SandboxOptions {
  readonly plan: SandboxPlan;
  readonly maker: Maker;
  /** The Node that starts inside, before the command. */
  readonly node: string;
  /** As in `process.arch`. */
  readonly machine: string;
  /** Whether the command has the terminal's session, or one of its own without a terminal. */
  readonly sharesTerminal: boolean;
  /** Signals that are ignored already, and stay so. @default none */
  readonly ignoredSignals?: readonly string[];
  /** As `process.kill`. */
  readonly kill: (pid: number, signal: NodeJS.Signals) => void;
}

/** A command as it is to be run. */
export interface SandboxCommand {
  /** The program and its arguments; a program without a slash is looked for in PATH. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A sandbox in which a command can be started, once. */
export interface Sandbox {
  /** The socket that listens inside for whoever wants the proxy: a TCP handle of Node, to be listened on here. */
  readonly door: object;
  /** Starts the command. */
  start(command: SandboxCommand): void;
  /** Sends a signal to the command; with a session of its own to all that belong to it. */
  signal(name: NodeJS.Signals): void;
  /** Stops everything inside, so that nothing else reads from or writes to the terminal. */
  pause(): void;
  /** Lets it go on. */
  resume(): void;
  /** Ends everything inside, at once. */
  kill(): void;
  /** The exit code of the command, 128 and the number of the signal if one ended it. Settles when everything inside has ended. */
  readonly ended: Promise<number>;
}

/** Whether what runs in a sandbox is kept from typing into a terminal that it shares, by a filter of its calls. */
export function filtersCalls(maker: Maker, machine: string): boolean {
  const hasMeans = maker.name === 'bubblewrap' || maker.perl !== undefined;
  return hasMeans && callFilter(machine) !== undefined;
}

/** A sandbox that is being made. */
export interface Opening {
  /** Settles when the maker has been told all that it needs; it works by itself from then on, whatever this process does. */
  readonly told: Promise<unknown>;
  /** Rejects with PaudeError `sandbox-unavailable`. */
  readonly sandbox: Promise<Sandbox>;
}

/**
 * Makes a sandbox: namespaces for users, network, mounts, processes, IPC and host name, in which nothing runs yet. Its network
 * has nothing but a loopback, and on it one listening socket, which is handed out here.
 *
 * Everything in it ends when this process does, however that ends.
 */
export function openSandbox(options: SandboxOptions): Opening {
  const { maker, sharesTerminal } = options;
  const filter = maker.name === 'bubblewrap' ? callFilter(options.machine) : undefined;
  const child = spawn('/bin/sh', shellArguments(options), {
    // A channel for the socket, and two for what the maker reads.
    stdio: [
      'inherit',
      'inherit',
      'inherit',
      'ipc',
      'pipe',
      ...(filter === undefined ? [] : (['pipe'] as const)),
    ],
    detached: !sharesTerminal,
    // The command gets its environment later; nobody who looks at these processes finds anything.
    env: { PATH: SYSTEM_PATH },
  });
  const told = [give(child, PLAN_DESCRIPTOR, planText(options, filter !== undefined))];
  if (filter !== undefined) told.push(give(child, FILTER_DESCRIPTOR, filter));
  return { told: Promise.all(told), sandbox: whenReady(child, options) };
}

async function whenReady(child: ChildProcess, options: SandboxOptions): Promise<Sandbox> {
  const { sharesTerminal, ignoredSignals = [] } = options;
  const ended = exitOf(child);
  const { pid: inner, door } = await ready(child, ended);
  const outer = child.pid ?? 0;
  const pid = processInside(outer, inner);
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const send = (target: number | undefined, name: NodeJS.Signals) => {
    if (!isOver && target !== undefined) sendSignal(options, target, name);
  };
  const sendAll = (name: NodeJS.Signals) => {
    for (const target of processesInside(outer)) send(target, name);
  };
  return {
    door,
    ended,
    start: ({ words, env }) => {
      const signals = [...OUTLIVED.filter((name) => !ignoredSignals.includes(name)), ...IGNORED_BY_NODE];
      const order: EntryOrder = { ...becoming(options, words), env, signals };
      child.send(order);
    },
    signal: (name) => (sharesTerminal ? send(pid, name) : send(-outer, name)),
    pause: () => sendAll('SIGSTOP'),
    resume: () => sendAll('SIGCONT'),
    kill: () => send(outer, 'SIGKILL'),
  };
}

/** A shell that ignores what the processes around the command must outlive, and becomes the maker. */
function shellArguments({ maker, node }: SandboxOptions): readonly string[] {
  const names = OUTLIVED.map((name) => name.slice(3)).join(' ');
  const entry = [node, '--disable-warning=ExperimentalWarning', '--eval', ENTRY_PROGRAM];
  const words =
    maker.name === 'bubblewrap'
      ? [maker.bwrap, '--args', String(PLAN_DESCRIPTOR), '--']
      : unshareWords(maker);
  return ['-c', `trap '' ${names}; exec "$@"`, 'sh', ...words, ...entry];
}

/** Namespaces by unshare(1), of which a shell makes a sandbox by a script; it stays in them as the first process. */
function unshareWords(maker: Extract<Maker, { name: 'unshare' }>): readonly string[] {
  const flags = ['user', 'map-root-user', 'net', 'mount', 'pid', 'ipc', 'uts', 'fork', 'kill-child'];
  const script = `script=$(cat <&${PLAN_DESCRIPTOR}) && exec ${PLAN_DESCRIPTOR}<&- && eval "$script"`;
  return [
    ...[maker.setpriv, '--pdeathsig', 'KILL', '--'],
    ...[maker.unshare, ...flags.map((flag) => `--${flag}`), '--'],
    ...['/bin/sh', '-c', script, 'sh'],
  ];
}

/** The plan as the maker reads it: arguments of bubblewrap, or a script. */
function planText({ maker, plan }: SandboxOptions, hasFilter: boolean): string {
  if (maker.name === 'bubblewrap') {
    const filter = hasFilter ? FILTER_DESCRIPTOR : undefined;
    return bubblewrapArguments(plan, { filter })
      .map((argument) => `${argument}\0`)
      .join('');
  }
  const table = readMountTable(readFileSync('/proc/self/mountinfo', 'utf8'));
  return ['set -e', maker.loopback.join(' '), mountScript(plan, table), 'set +e', '"$@"', 'exit $?'].join(
    '\n',
  );
}

/** What the process inside becomes to be the command. */
function becoming(
  { maker, plan, machine }: SandboxOptions,
  words: readonly string[],
): Pick<EntryOrder, 'file' | 'argv'> {
  const shell = ['/bin/sh', '-c', 'exec "$@"', 'sh', ...words];
  if (maker.name === 'bubblewrap') return { file: '/bin/sh', argv: shell };
  const { uid, gid } = plan.user;
  // A user namespace in the other: to the command all mounts are locked, and it has no rights over its network.
  const privileges = uid === 0 ? ['--bounding-set=-all', '--inh-caps=-all'] : [];
  return {
    file: maker.unshare,
    argv: [
      ...[maker.unshare, '--user', '--mount', `--map-user=${uid}`, `--map-group=${gid}`, '--'],
      ...[maker.setpriv, '--no-new-privs', ...privileges, '--'],
      ...(maker.perl === undefined ? [] : filterWords(maker.perl, machine)),
      ...shell,
    ],
  };
}

function give(child: ChildProcess, descriptor: number, content: string | Buffer): Promise<void> {
  const pipe = child.stdio[descriptor];
  if (pipe === null || pipe === undefined || !('write' in pipe)) return Promise.resolve();
  return new Promise((resolve) => {
    // Who does not read it has failed, and says so by itself.
    pipe.on('error', () => resolve());
    pipe.end(content, () => resolve());
  });
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.on('error', () => resolve(127));
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}

function ready(child: ChildProcess, ended: Promise<number>): Promise<EntryReady & { door: object }> {
  return new Promise((resolve, reject) => {
    child.once('message', (message, door) => {
      // The message is that of ENTRY_PROGRAM: nothing else runs inside yet.
      if (door) resolve({ ...(message as EntryReady), door });
      else reject(whyNoSandbox('its socket did not arrive'));
    });
    void ended.then((code) => reject(whyNoSandbox(`exit code ${code}`)));
  });
}

/** Signals a process or a group; one that has gone is no error. */
function sendSignal({ kill }: SandboxOptions, target: number, name: NodeJS.Signals): void {
  try {
    kill(target, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
