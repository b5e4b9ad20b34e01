import { setTimeout as sleep } from 'node:timers/promises';
import { AGENT_ALIASES } from '@paude/allowlist';
import { PaudeError } from '@paude/errors';
import type { Engine } from '../engine/engine.ts';
import type { EngineTask } from '../engine/engine-error.ts';
import type { Secrets } from './backend.ts';
import { PLACES, PROXY_PORT, PROXY_UID, partNames } from './part-names.ts';
import { PROXY_ADMIN, PROXY_MAIN, PROXY_NODE } from './proxy-programs.ts';
import { allowlistText, PROXY_FILES, proxyFile, writeVolume } from './proxy-volume.ts';
import type { SessionRecord } from './session-record.ts';
import type { SessionAddresses } from './subnet.ts';

/** What a session's proxy is made from. */
export interface ProxyRequest {
  readonly name: string;
  readonly image: string;
  readonly labels: readonly string[];
  readonly addresses: SessionAddresses;
  readonly record: SessionRecord;
  readonly secrets: Secrets;
  readonly task: EngineTask;
  readonly signal?: AbortSignal | undefined;
}

const READY_TIMEOUT_MS = 30_000;

/** Enough for thousands of tunnels, and not so much that a session could take the machine down by way of its proxy. */
const LIMITS = ['--memory', '512m', '--cpus', '1', '--pids-limit', '256'];

/** Puts on its volume what the proxy reads: secrets, routes, and with `words` its allowlist. */
export async function fillProxyVolume(
  engine: Engine,
  { name, image, record, secrets, task }: ProxyRequest,
  words?: readonly string[],
): Promise<void> {
  const directory = (path: string) => ({ path, mode: 0o700, uid: PROXY_UID });
  const { proxy } = PLACES;
  await writeVolume(
    engine,
    { volume: partNames(name).proxy, place: proxy, image },
    {
      task,
      steps: [
        ...[proxy, `${proxy}/config`, `${proxy}/log`].map(directory),
        ...[PROXY_FILES.secrets, PROXY_FILES.state, PROXY_FILES.authority].map(directory),
        ...[...secrets.files].map(([variable, content]) => proxyFile(secretPath(variable), content)),
        ...(record.credentials === undefined ? [] : [proxyFile(PROXY_FILES.credentials, record.credentials)]),
        ...(words === undefined ? [] : [proxyFile(PROXY_FILES.allowlist, allowlistText(words))]),
        proxyFile(PROXY_FILES.record, `${JSON.stringify(record)}\n`),
      ],
    },
  );
}

/** Makes the proxy's container on both networks; it does not run yet. */
export async function createProxy(engine: Engine, request: ProxyRequest): Promise<void> {
  const { name, image, labels, addresses, record, secrets, task, signal } = request;
  const { session, proxy, outer } = partNames(name);
  const settings = Object.entries({ ...record.proxySettings, ...ownSettings(request) });
  const args = [
    ...['create', '--name', proxy, ...labels, '--network', session, '--ip', addresses.proxy],
    ...engine.traits.ownProxy,
    ...['--user', `${PROXY_UID}:0`, '--cap-drop', 'all', '--security-opt', 'no-new-privileges'],
    ...['--read-only', '--no-healthcheck', '--restart', 'on-failure:10', ...LIMITS],
    ...['--volume', `${partNames(name).proxy}:${PLACES.proxy}`],
    ...settings.flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    // Without a value: the engine takes it from its own environment, which only this user can read.
    ...[...secrets.variables.keys()].flatMap((key) => ['--env', key]),
    ...[...secrets.files.keys()].flatMap((key) => ['--env', `${key}=${secretPath(key)}`]),
    image,
  ];
  await engine.run(args, { task, signal, variables: secrets.variables });
  await engine.run(['network', 'connect', outer, proxy], { task, signal });
}

/** Starts it, and waits until it serves. */
export async function startProxy(
  engine: Engine,
  name: string,
  { task, signal }: { readonly task: EngineTask; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const { proxy } = partNames(name);
  await engine.run(['start', proxy], { task, signal });
  for (const until = Date.now() + READY_TIMEOUT_MS; ; await sleep(100, undefined, signal && { signal })) {
    if (await isProxyReady(engine, name, task)) return;
    const state = await engine.run(['inspect', '--format', '{{.State.Running}} {{.RestartCount}}', proxy], {
      task,
    });
    if (!/^true [0-3]$/.test(state) || Date.now() > until) break;
  }
  const { stdout, stderr } = await engine.try(['logs', '--tail', '3', proxy], { task });
  throw new PaudeError('proxy-not-ready', {
    ...task,
    why: `its proxy does not come up (${lastWords(`${stdout}${stderr}`)})`,
    remedy: `Look at what it says: ${engine.name} logs ${proxy}`,
  });
}

export async function isProxyReady(engine: Engine, name: string, task: EngineTask): Promise<boolean> {
  const check = ['exec', partNames(name).proxy, PROXY_NODE, PROXY_MAIN, 'healthcheck'];
  return (await engine.try(check, { task })).code === 0;
}

function secretPath(variable: string): string {
  return `${PROXY_FILES.secrets}/${variable}`;
}

/** The settings that make it the proxy of this session alone. */
function ownSettings({ name, addresses, record }: ProxyRequest): Readonly<Record<string, string>> {
  return {
    PAUDE_PROXY_SESSION: name,
    // On the session's network alone: nobody comes in by the outer one.
    PAUDE_PROXY_LISTEN: `${addresses.proxy}:${PROXY_PORT}`,
    PAUDE_PROXY_ADMIN: PROXY_ADMIN,
    PAUDE_PROXY_ALLOWED_CLIENTS: `${addresses.session}/32`,
    PAUDE_PROXY_ALLOWLIST: PROXY_FILES.allowlist,
    PAUDE_PROXY_CA_DIR: PROXY_FILES.authority,
    PAUDE_PROXY_CREDENTIAL_STATE: PROXY_FILES.state,
    PAUDE_PROXY_LOG: PROXY_FILES.audit,
    PAUDE_PROXY_LOG_FORMAT: 'json',
    BLOCKED_LOG_PATH: PROXY_FILES.blocked,
    ...(record.credentials === undefined ? {} : { PAUDE_PROXY_CREDENTIALS_CONFIG: PROXY_FILES.credentials }),
    ...(AGENT_ALIASES.includes(record.agent) ? { PAUDE_AGENT: record.agent } : {}),
  };
}

function lastWords(log: string): string {
  const line = log.trim().split('\n').at(-1) ?? '';
  return line === '' ? 'and says nothing' : line.replace(/\p{Cc}/gu, ' ').slice(0, 300);
}
