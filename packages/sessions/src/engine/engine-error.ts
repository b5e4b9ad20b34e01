import { PaudeError } from '@paude/errors';
import { type EngineName, TRAITS } from './engine-traits.ts';

/** What was tried, to say in a message. */
export interface EngineTask {
  /** To follow "Cannot": `start the session`. */
  readonly action: string;
  readonly input?: string | undefined;
}

interface Fault {
  readonly code: string;
  /** What the engine says; matched in lower case. */
  readonly said: RegExp;
  readonly why: (engine: EngineName) => string;
  readonly remedy: (engine: EngineName) => string;
}

/** What engines say, and what it means. The first that fits counts. */
const FAULTS: readonly Fault[] = [
  {
    code: 'backend-unreachable',
    said: /cannot connect to (the docker daemon|podman)|is the docker daemon running|unable to connect to podman|failed to connect: (dial|ssh)|connection refused.*(sock|:\/\/)|error during connect|permission denied while trying to connect|dial unix .*\.sock/,
    why: (engine) => `${engine} does not answer`,
    remedy: (engine) => TRAITS[engine].wake,
  },
  {
    code: 'disk-full',
    said: /no space left on device|disk quota exceeded/,
    why: (engine) => `the disk that ${engine} keeps its data on is full`,
    remedy: (engine) => `Make room, for example with ${engine} image prune, and try again`,
  },
  {
    code: 'image-missing',
    said: /manifest unknown|image not known|no such image|pull access denied|repository .*(not found|does not exist)|short-name .* did not resolve|initializing source docker:|invalid reference format|repository name must be lowercase|pinging container registry|get "https?:\/\/[^"]*\/v2\/|failed to resolve reference|error getting credentials|unauthorized: /,
    why: () => 'there is no such image here, and it could not be pulled',
    remedy: () => 'Check its name and that you are logged in to its registry, or build it first',
  },
  {
    code: 'name-taken',
    said: /already in use|already exists|already used/,
    why: (engine) => `${engine} has something of that name that is not of this session`,
    remedy: () => 'Choose another name, or remove what has it',
  },
];

/** The one place where what an engine says becomes an error of ours. Standard error of an engine holds no secret of ours. */
export function engineError(
  engine: EngineName,
  task: EngineTask,
  { code, stderr }: { readonly code: number; readonly stderr: string },
): PaudeError {
  const said = stderr.toLowerCase();
  const fault = FAULTS.find((candidate) => candidate.said.test(said));
  const last = lastLine(stderr);
  if (fault === undefined) {
    return new PaudeError('backend-failed', {
      ...task,
      why: `${engine} ended with ${code}${last === '' ? '' : ` (${last})`}`,
      remedy: `Look at what ${engine} says about it, then try again`,
    });
  }
  const detail = last === '' || fault.code === 'backend-unreachable' ? '' : ` (${last})`;
  return new PaudeError(fault.code, {
    ...task,
    why: `${fault.why(engine)}${detail}`,
    remedy: fault.remedy(engine),
    cause: new Error(stderr.trim()),
  });
}

/** What it means that the program could not be started at all. */
export function spawnError(engine: EngineName, task: EngineTask, cause: unknown): PaudeError {
  const { code } = cause as NodeJS.ErrnoException;
  return new PaudeError(code === 'ENOENT' ? 'backend-missing' : 'backend-failed', {
    ...task,
    why: code === 'ENOENT' ? `there is no ${engine} on PATH` : `${engine} cannot be started (${code})`,
    remedy: TRAITS[engine].install,
    cause,
  });
}

/** It took too long. */
export function silenceError(engine: EngineName, task: EngineTask): PaudeError {
  return new PaudeError('backend-unreachable', {
    ...task,
    why: `${engine} did not answer in time`,
    remedy: TRAITS[engine].wake,
  });
}

/** It answered with what we cannot read. */
export function answerError(engine: EngineName, task: EngineTask, cause: unknown): PaudeError {
  return new PaudeError('backend-failed', {
    ...task,
    why: `${engine} answered with something that is not known`,
    remedy: `Update ${engine}; podman 4.0 and docker 23 are the oldest that are known to work`,
    cause,
  });
}

/** Whether a failure says that what was named is not there. */
export function saysMissing(stderr: string): boolean {
  return /no such (object|container|volume|network|image)|no container with|not found|does not exist|unable to find (network|volume)|image not known/i.test(
    stderr,
  );
}

/** The last line that says something, without what loggers put around it; at most 300 characters. */
function lastLine(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/level=(warning|info|debug)/.test(line));
  const line = lines.at(-1) ?? '';
  const message = /msg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1]?.replaceAll('\\"', '"') ?? line;
  return message
    .replace(/^error:\s*/i, '')
    .replace(/\p{Cc}/gu, ' ')
    .replace(/\.+$/, '')
    .slice(0, 300);
}
