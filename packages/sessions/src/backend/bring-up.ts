import type { Engine } from '../engine/engine.ts';
import type { EngineTask } from '../engine/engine-error.ts';
import type { OperationOptions, Secrets } from './backend.ts';
import { addressesOf, removeContainer } from './make-parts.ts';
import { APP, LABELS, PROXY_PORT, partNames } from './part-names.ts';
import { createProxy, fillProxyVolume, startProxy } from './proxy-container.ts';
import { PROXY_FILES, readProxyFile } from './proxy-volume.ts';
import { createContainer, ownSessionVolume, startContainer } from './session-container.ts';
import { type SessionCredentials, sessionCredentials } from './session-credentials.ts';
import type { SessionRecord } from './session-record.ts';
import type { SessionAddresses } from './subnet.ts';
import type { UndoStack } from './undo-stack.ts';

/** What both containers of a session are made from. */
export interface ContainersRequest extends OperationOptions {
  readonly name: string;
  readonly image: string;
  readonly proxyImage: string;
  readonly record: SessionRecord;
  readonly secrets: Secrets;
  readonly labels: readonly string[];
  /** Undefined leaves those that are on the volume. */
  readonly words?: readonly string[] | undefined;
  readonly undo: UndoStack;
  readonly task: EngineTask;
}

/** Makes both containers on networks and volumes that are there, and starts them: the proxy first, the agent when it serves. */
export async function makeContainers(engine: Engine, request: ContainersRequest): Promise<void> {
  const { name, image, proxyImage, record, undo, task, signal, progress } = request;
  const { session, proxy } = partNames(name);
  const addresses = await addressesOf(engine, name, task);
  progress?.step('Starting the proxy');
  await fillProxyVolume(engine, { ...request, image: proxyImage, addresses }, request.words);
  await ownSessionVolume(engine, { name, proxyImage, task });
  undo.add(() => removeContainer(engine, proxy, task));
  await createProxy(engine, { ...request, image: proxyImage, addresses });
  await startProxy(engine, name, { task, signal });
  progress?.step('Starting the session');
  const credentials = await credentialsFor(engine, name, { record, addresses, task });
  undo.add(() => removeContainer(engine, session, task));
  const { environment } = credentials;
  await createContainer(engine, { ...request, image, addresses, environment, record });
  await startContainer(engine, name, { credentials, task, signal });
}

/** What a session holds, made anew: its proxy runs, and may have another certificate since. */
export async function credentialsFor(
  engine: Engine,
  name: string,
  {
    record,
    addresses,
    task,
  }: { readonly record: SessionRecord; readonly addresses: SessionAddresses; readonly task: EngineTask },
): Promise<SessionCredentials> {
  const certificate = await readProxyFile(engine, name, { task, path: PROXY_FILES.certificate });
  return sessionCredentials(record, {
    proxy: `http://${addresses.proxy}:${PROXY_PORT}`,
    certificate: certificate?.toString('utf8'),
  });
}

/** The labels of a session's parts, as arguments. */
export function labelArguments(name: string, version: string, record: SessionRecord): readonly string[] {
  const labels: Readonly<Record<string, string>> = {
    [LABELS.app]: APP,
    [LABELS.name]: name,
    [LABELS.agent]: record.agent,
    [LABELS.version]: version,
    [LABELS.createdAt]: record.createdAt,
    [LABELS.workspace]: record.workspace,
  };
  return Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
}
