import { Readable } from 'node:stream';
import type { Engine } from '../engine/engine.ts';
import type { EngineTask } from '../engine/engine-error.ts';
import type { Session, SessionStatus } from '../session/session.ts';
import type { BlockedDomain, LogOptions } from './backend.ts';
import { blockedDomains } from './blocked-domains.ts';
import { type ContainerContext, partsOf, wholeParts } from './container-context.ts';
import { controlOutput } from './control-output.ts';
import { describeSession } from './describe-session.ts';
import { engineStream } from './engine-stream.ts';
import { PLACES, partNames } from './part-names.ts';
import { findParts, isAnything, type Parts } from './parts.ts';
import { isProxyReady } from './proxy-container.ts';
import { PROXY_NODE, TAIL_PROGRAM } from './proxy-programs.ts';
import { PROXY_FILES, readProxyFile, readWords } from './proxy-volume.ts';
import { missingSession } from './session-errors.ts';
import { firstFileOf } from './tar.ts';

const TMUX = ['tmux', '-L', 'paude'];

export async function listSessions({ engine }: ContainerContext): Promise<readonly Session[]> {
  const task = { action: 'list the sessions' };
  const found = await findParts(engine, task);
  return Promise.all(found.map((parts) => describe(engine, parts, task)));
}

export async function sessionStatus(context: ContainerContext, name: string): Promise<SessionStatus> {
  const { engine } = context;
  const task = { action: 'look at the session', input: name };
  const parts = await partsOf(context, name, task.action);
  if (!isAnything(parts)) throw missingSession(task.action, name);
  const [session, proxy, activity] = await Promise.all([
    describe(engine, parts, task),
    proxyState(engine, parts, task),
    activityOf(engine, parts, task),
  ]);
  const { cpus, memoryBytes, pids } = parts.session ?? {};
  return {
    ...session,
    proxy,
    activity,
    resources: {
      ...(cpus === undefined ? {} : { cpus }),
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      ...(pids === undefined ? {} : { pids }),
    },
  };
}

export async function sessionWords(context: ContainerContext, name: string): Promise<readonly string[]> {
  const action = 'read the allowed domains of the session';
  await wholeParts(context, name, action);
  return readWords(context.engine, name, { action, input: name });
}

export async function sessionBlocked(
  context: ContainerContext,
  name: string,
): Promise<readonly BlockedDomain[]> {
  return blockedDomains(await sessionLogs(context, name, { of: 'proxy' }));
}

/** What was logged so far, and with `follow` what comes. */
export async function sessionLogs(
  context: ContainerContext,
  name: string,
  options: LogOptions,
): Promise<Readable> {
  const { engine } = context;
  const task = { action: 'read the log of the session', input: name };
  const parts = await wholeParts(context, name, task.action);
  return options.of === 'proxy'
    ? auditLog(engine, parts, { task, options })
    : terminalLog(engine, parts, { task, options });
}

interface LogRequest {
  readonly task: EngineTask;
  readonly options: LogOptions;
}

async function auditLog(
  engine: Engine,
  { name, proxy }: Parts,
  { task, options }: LogRequest,
): Promise<Readable> {
  if (proxy?.isRunning === true) {
    const program = [PROXY_NODE, '--eval', TAIL_PROGRAM, PROXY_FILES.audit];
    const args = ['exec', partNames(name).proxy, ...program, ...(options.follow === true ? ['follow'] : [])];
    return engineStream(engine, args, { task, signal: options.signal });
  }
  return Readable.from([
    (await readProxyFile(engine, name, { task, path: PROXY_FILES.audit })) ?? Buffer.alloc(0),
  ]);
}

async function terminalLog(
  engine: Engine,
  { name, session }: Parts,
  { task, options }: LogRequest,
): Promise<Readable> {
  const container = partNames(name).session;
  if (session?.isRunning !== true) {
    // What the entrypoint has kept of it.
    const kept = await engine.try(['cp', `${container}:${PLACES.volume}/.paude/terminal`, '-'], { task });
    return Readable.from([(kept.code === 0 ? firstFileOf(kept.stdout) : undefined) ?? Buffer.alloc(0)]);
  }
  const capture = ['exec', container, ...TMUX, 'capture-pane', '-p', '-e', '-S', '-', '-t', 'agent'];
  const shown = await engine.try(capture, { task });
  const text = Buffer.from(`${shown.stdout.toString('utf8').trimEnd()}\n`);
  if (options.follow !== true) return Readable.from([text]);
  // Its input has to stay open: a client in control mode ends with it.
  const input = new Readable({ read() {} });
  const attach = ['exec', '--interactive', container, ...TMUX, '-C', 'attach-session', '-r', '-t', 'agent'];
  const changes = engineStream(engine, attach, { task, signal: options.signal, input });
  const output = controlOutput();
  output.push(text);
  output.once('close', () => {
    input.destroy();
    changes.destroy();
  });
  changes.once('error', (error) => output.destroy(error));
  return changes.pipe(output);
}

async function describe(engine: Engine, parts: Parts, task: EngineTask): Promise<Session> {
  const words = parts.proxy === undefined ? [] : await readWords(engine, parts.name, task);
  return describeSession(engine.name, parts, words);
}

async function proxyState(
  engine: Engine,
  { name, proxy }: Parts,
  task: EngineTask,
): Promise<SessionStatus['proxy']> {
  if (proxy === undefined) return 'missing';
  return proxy.isRunning && (await isProxyReady(engine, name, task)) ? 'ready' : 'not-ready';
}

/** What the terminal says of itself; the session's own word, so that it counts for display alone. */
async function activityOf(
  engine: Engine,
  { name, session }: Parts,
  task: EngineTask,
): Promise<SessionStatus['activity']> {
  if (session?.isRunning !== true) return { running: false };
  const asked = [...TMUX, 'display-message', '-p', '-t', 'agent', '#{@paude-agent}:#{window_activity}'];
  const { code, stdout } = await engine.try(['exec', partNames(name).session, ...asked], { task });
  const [, state, seconds] = /^(\w*)[^:]*:(\d{1,12})$/m.exec(stdout.toString('utf8')) ?? [];
  if (code !== 0 || seconds === undefined) return { running: false };
  return { running: state === 'running', lastMs: Number(seconds) * 1000 };
}
