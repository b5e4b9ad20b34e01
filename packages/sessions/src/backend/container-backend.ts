import { type Readable, Writable } from 'node:stream';
import type { Engine } from '../engine/engine.ts';
import type { Backend, ExecRequest } from './backend.ts';
import { changeWords, deleteSession, startSession, stopSession, upgradeSession } from './change-session.ts';
import { type ContainerContext, runningParts } from './container-context.ts';
import { createSession } from './create-session.ts';
import { engineStream } from './engine-stream.ts';
import { listSessions, sessionBlocked, sessionLogs, sessionStatus, sessionWords } from './observe-session.ts';
import { PLACES, partNames } from './part-names.ts';

/** What the backend is given beside the engine. */
export interface ContainerBackendOptions {
  /** The version of paude, for labels. */
  readonly version: string;
  /** Where it keeps its locks: a directory of this user's, made when it is missing. */
  readonly stateDirectory: string;
}

const ATTACH = '/opt/paude/session/attach';

/**
 * Sessions in containers of podman or docker: each has a network of its own that leads nowhere, on which there is nothing
 * but its proxy, and a volume that stays.
 */
export function containerBackend(engine: Engine, options: ContainerBackendOptions): Backend {
  const context: ContainerContext = { engine, ...options };
  return {
    name: engine.name,
    check: async () =>
      void (await engine.run(engine.traits.probe, { task: { action: `use ${engine.name}` } })),
    create: (spec, operation = {}) => createSession(context, spec, operation),
    start: (name, operation = {}) => startSession(context, name, operation),
    stop: (name, operation = {}) => stopSession(context, name, operation),
    delete: (name, operation = {}) => deleteSession(context, name, operation),
    list: () => listSessions(context),
    status: (name) => sessionStatus(context, name),
    exec: (name, request) => execute(context, name, request),
    connect: (name) => connect(context, name),
    copyIn: (name, path, archive) => copyIn(context, name, { path, archive }),
    copyOut: (name, path) => copyOut(context, name, path),
    logs: (name, request) => sessionLogs(context, name, request),
    allowedDomains: (name) => sessionWords(context, name),
    setAllowedDomains: (name, words) => changeWords(context, name, words),
    blockedDomains: (name) => sessionBlocked(context, name),
    upgrade: (name, spec, operation = {}) => upgradeSession(context, name, { spec, options: operation }),
  };
}

async function execute(context: ContainerContext, name: string, request: ExecRequest): Promise<number> {
  const { engine } = context;
  const task = { action: 'run a command in the session', input: name };
  await runningParts(context, name, task.action);
  const { command, cwd = PLACES.workspace, environment = {}, stdin, tty = false } = request;
  const args = [
    ...['exec', '--workdir', cwd],
    ...Object.entries(environment).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...(tty ? ['--interactive', '--tty'] : []),
    ...(!tty && stdin !== undefined ? ['--interactive'] : []),
    ...[partNames(name).session, ...command],
  ];
  if (tty) return engine.onTerminal(args, task);
  const { code } = await engine.try(args, {
    task,
    input: stdin,
    output: request.stdout ?? discard(),
    errors: request.stderr,
    timeoutMs: Number.POSITIVE_INFINITY,
  });
  return code;
}

async function connect(context: ContainerContext, name: string): Promise<number> {
  const task = { action: 'connect to the session', input: name };
  await runningParts(context, name, task.action);
  const { engine } = context;
  const term = /^[\w.+-]{1,64}$/.exec(engine.terminal ?? '')?.[0] ?? 'xterm-256color';
  const args = ['exec', '--interactive', '--tty', '--env', `TERM=${term}`, partNames(name).session, ATTACH];
  return engine.onTerminal(args, task);
}

async function copyIn(
  context: ContainerContext,
  name: string,
  { path, archive }: { readonly path: string; readonly archive: Readable },
): Promise<void> {
  const { engine } = context;
  const task = { action: 'copy into the session', input: name };
  await runningParts(context, name, task.action);
  // As the session's own user: what lies there, links among it, can lead to nothing that it may not write itself.
  const unpack = ['sh', '-c', 'mkdir -p -- "$1" && exec tar -x -f - -C "$1"', 'sh', path];
  const args = ['exec', '--interactive', '--workdir', PLACES.workspace, partNames(name).session, ...unpack];
  await engine.run(args, { task, input: archive, timeoutMs: Number.POSITIVE_INFINITY });
}

async function copyOut(context: ContainerContext, name: string, path: string): Promise<Readable> {
  const task = { action: 'copy out of the session', input: name };
  await runningParts(context, name, task.action);
  const pack = [
    'sh',
    '-c',
    'cd -- "$(dirname -- "$1")" && exec tar -c -f - -- "$(basename -- "$1")"',
    'sh',
    path,
  ];
  const args = ['exec', '--workdir', PLACES.workspace, partNames(name).session, ...pack];
  return engineStream(context.engine, args, { task });
}

function discard(): Writable {
  return new Writable({ write: (_piece, _encoding, done) => done() });
}
