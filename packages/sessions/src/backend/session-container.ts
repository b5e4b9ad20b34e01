import type { Engine } from '../engine/engine.ts';
import type { EngineTask } from '../engine/engine-error.ts';
import { PLACES, partNames, SESSION_UID } from './part-names.ts';
import { writeVolume } from './proxy-volume.ts';
import type { SessionCredentials } from './session-credentials.ts';
import type { SessionRecord } from './session-record.ts';
import type { SessionAddresses } from './subnet.ts';

/** What a session's container is made from. */
export interface ContainerRequest {
  readonly name: string;
  readonly image: string;
  readonly labels: readonly string[];
  readonly addresses: SessionAddresses;
  readonly record: SessionRecord;
  readonly environment: Readonly<Record<string, string>>;
  readonly task: EngineTask;
  readonly signal?: AbortSignal | undefined;
}

const DEFAULTS = { cpus: 4, memoryBytes: 8 * 1024 ** 3, pids: 4096 } as const;

/** Long enough for an agent to end, and to keep what its terminal showed. */
const STOP_SECONDS = 20;

/** Gives its own volume to the session's user; what lies on it is left alone. */
export function ownSessionVolume(
  engine: Engine,
  {
    name,
    proxyImage,
    task,
  }: { readonly name: string; readonly proxyImage: string; readonly task: EngineTask },
): Promise<void> {
  const place = PLACES.volume;
  return writeVolume(
    engine,
    { volume: partNames(name).session, place, image: proxyImage },
    { task, steps: [{ path: place, mode: 0o770, uid: SESSION_UID }] },
  );
}

/** Makes the session's container, with no network but its own; it does not run yet. */
export async function createContainer(engine: Engine, request: ContainerRequest): Promise<void> {
  const { name, image, labels, addresses, record, task, signal } = request;
  const { session } = partNames(name);
  const { cpus = DEFAULTS.cpus, memoryBytes = DEFAULTS.memoryBytes, pids = DEFAULTS.pids } = record.resources;
  // Docker refuses more than there are.
  const cores = Number(await engine.run(engine.traits.countCores, { task, signal })) || cpus;
  const environment = Object.entries({
    ...record.environment,
    ...request.environment,
    HOME: PLACES.home,
    PAUDE_SESSION: name,
    PAUDE_AGENT: record.agent,
  });
  const args = [
    ...['create', '--name', session, ...labels, '--hostname', name],
    ...['--network', session, '--ip', addresses.session],
    // Names are for the proxy to resolve; here nobody answers. By IPv6 link-local addresses it would reach the host.
    ...['--dns', '127.0.0.1', '--dns-search', '.', '--sysctl', 'net.ipv6.conf.all.disable_ipv6=1'],
    ...engine.traits.ownProxy,
    ...['--user', `${SESSION_UID}:0`, '--cap-drop', 'all', '--security-opt', 'no-new-privileges'],
    ...[
      '--cpus',
      String(Math.min(cpus, cores)),
      '--memory',
      String(memoryBytes),
      '--memory-swap',
      String(memoryBytes),
    ],
    ...['--pids-limit', String(pids), '--no-healthcheck', '--stop-timeout', String(STOP_SECONDS)],
    ...['--volume', `${session}:${PLACES.volume}`],
    ...['--tmpfs', `${PLACES.credentials}:rw,nosuid,nodev,noexec,size=16m,mode=0770`],
    ...environment.flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    image,
    ...record.command,
  ];
  await engine.run(args, { task, signal });
}

/** Starts it and gives it its credentials; its agent starts when they are there. */
export async function startContainer(
  engine: Engine,
  name: string,
  {
    credentials,
    task,
    signal,
  }: {
    readonly credentials: SessionCredentials;
    readonly task: EngineTask;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> {
  const { session } = partNames(name);
  await engine.run(['start', session], { task, signal });
  const unpack = ['tar', '-x', '-f', '-', '-C', PLACES.credentials];
  await engine.run(['exec', '--interactive', '--workdir', '/', session, ...unpack], {
    task,
    signal,
    input: credentials.archive,
  });
}
