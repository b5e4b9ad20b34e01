import type { Engine } from '../engine/engine.ts';
import type { EngineTask } from '../engine/engine-error.ts';
import { PLACES, PROXY_UID, partNames } from './part-names.ts';
import {
  PROXY_NODE,
  RELOAD_PROGRAM,
  TAIL_PROGRAM,
  VOLUME_PROGRAM,
  type VolumeStep,
} from './proxy-programs.ts';
import { readRecord, type SessionRecord } from './session-record.ts';
import { firstFileOf } from './tar.ts';

/** The files on the volume of a session's proxy, as the proxy sees them. The session has no part of it mounted. */
export const PROXY_FILES = {
  allowlist: `${PLACES.proxy}/config/allowlist.yaml`,
  credentials: `${PLACES.proxy}/config/credentials.json`,
  record: `${PLACES.proxy}/config/session.json`,
  secrets: `${PLACES.proxy}/secrets`,
  state: `${PLACES.proxy}/state`,
  authority: `${PLACES.proxy}/ca`,
  certificate: `${PLACES.proxy}/ca/ca.crt`,
  audit: `${PLACES.proxy}/log/audit.jsonl`,
  blocked: `${PLACES.proxy}/log/blocked.log`,
} as const;

/** Nothing but these volumes and the right to give files away; no network. */
const HELPER = [
  ...['run', '--rm', '--interactive', '--network', 'none', '--read-only', '--user', '0:0'],
  ...['--cap-drop', 'all', '--cap-add', 'CHOWN', '--cap-add', 'FOWNER', '--cap-add', 'DAC_OVERRIDE'],
  ...['--security-opt', 'no-new-privileges', '--no-healthcheck', '--pids-limit', '64'],
];

/** Makes files on a volume of a session that need not run, in a container of the proxy's image. */
export async function writeVolume(
  engine: Engine,
  { volume, place, image }: { readonly volume: string; readonly place: string; readonly image: string },
  { task, steps }: { readonly task: EngineTask; readonly steps: readonly VolumeStep[] },
): Promise<void> {
  const mounted = ['--volume', `${volume}:${place}`, '--entrypoint', PROXY_NODE];
  const args = [...HELPER, ...engine.traits.ownProxy, ...mounted, image, '--eval', VOLUME_PROGRAM];
  await engine.run(args, { task, input: JSON.stringify(steps) });
}

/** A file for the proxy alone. */
export function proxyFile(path: string, content: string | Uint8Array): VolumeStep {
  return { path, mode: 0o600, uid: PROXY_UID, content: Buffer.from(content).toString('base64') };
}

/** The words of an allowlist as a file: JSON is YAML. */
export function allowlistText(words: readonly string[]): string {
  return `${JSON.stringify(words, null, 2)}\n`;
}

/** Puts other words in force in a running proxy. */
export async function reloadAllowlist(
  engine: Engine,
  name: string,
  { task, words }: { readonly task: EngineTask; readonly words: readonly string[] },
): Promise<void> {
  const { uid: _own, ...step } = proxyFile(PROXY_FILES.allowlist, allowlistText(words));
  const program = [PROXY_NODE, '--eval', RELOAD_PROGRAM];
  await engine.run(['exec', '--interactive', partNames(name).proxy, ...program], {
    task,
    input: JSON.stringify([step]),
  });
}

/** A file on the volume, whether the proxy runs or not; undefined when it is not there. */
export async function readProxyFile(
  engine: Engine,
  name: string,
  { task, path }: { readonly task: EngineTask; readonly path: string },
): Promise<Buffer | undefined> {
  const result = await engine.try(['cp', `${partNames(name).proxy}:${path}`, '-'], { task });
  return result.code === 0 ? firstFileOf(result.stdout) : undefined;
}

/** The words of its allowlist as they were written; none when they cannot be read. */
export async function readWords(engine: Engine, name: string, task: EngineTask): Promise<readonly string[]> {
  const text = await readProxyFile(engine, name, { task, path: PROXY_FILES.allowlist });
  try {
    const words: unknown = JSON.parse(text?.toString('utf8') ?? '');
    return Array.isArray(words) ? words.filter((word) => typeof word === 'string') : [];
  } catch {
    return [];
  }
}

export async function findRecord(
  engine: Engine,
  name: string,
  task: EngineTask,
): Promise<SessionRecord | undefined> {
  const text = await readProxyFile(engine, name, { task, path: PROXY_FILES.record });
  return parsedRecord(text);
}

/** The same when there may be no container of the proxy: by one of its image. */
export async function readRecordFrom(
  engine: Engine,
  { name, image, task }: { readonly name: string; readonly image: string; readonly task: EngineTask },
): Promise<SessionRecord | undefined> {
  const mounted = ['--volume', `${partNames(name).proxy}:${PLACES.proxy}`, '--entrypoint', PROXY_NODE];
  const program = ['--eval', TAIL_PROGRAM, PROXY_FILES.record];
  const args = [...HELPER, ...engine.traits.ownProxy, ...mounted, image, ...program];
  return parsedRecord(await engine.bytes(args, { task }));
}

function parsedRecord(text: Buffer | undefined): SessionRecord | undefined {
  try {
    return text === undefined ? undefined : readRecord(text.toString('utf8'));
  } catch {
    return undefined;
  }
}
