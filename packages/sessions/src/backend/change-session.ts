import type { OperationOptions, UpgradeSpec } from './backend.ts';
import { credentialsFor, labelArguments, makeContainers } from './bring-up.ts';
import { checkEnvironment, checkProxySettings, checkSecrets, checkWords } from './check-spec.ts';
import { type ContainerContext, exclusively, partsOf, wholeParts } from './container-context.ts';
import { ensureImage } from './ensure-image.ts';
import { addressesOf, makeNetworks, removeContainer, removeParts } from './make-parts.ts';
import { LABELS, PLACES, partNames } from './part-names.ts';
import { isAnything, type Parts } from './parts.ts';
import { isProxyReady, startProxy } from './proxy-container.ts';
import {
  allowlistText,
  findRecord,
  PROXY_FILES,
  proxyFile,
  readRecordFrom,
  reloadAllowlist,
  writeVolume,
} from './proxy-volume.ts';
import { startContainer } from './session-container.ts';
import { brokenSession, missingSession } from './session-errors.ts';
import type { SessionRecord } from './session-record.ts';
import { UndoStack } from './undo-stack.ts';

const STOP_TIMEOUT_MS = 60_000;

/** Starts what of it does not run: the proxy, then the session with stubs for the certificate that the proxy has now. */
export function startSession(
  context: ContainerContext,
  name: string,
  { progress, signal }: OperationOptions,
): Promise<void> {
  const { engine } = context;
  return exclusively(context, name, async () => {
    const task = { action: 'start the session', input: name };
    const parts = await wholeParts(context, name, task.action);
    const isReady = parts.proxy?.isRunning === true && (await isProxyReady(engine, name, task));
    if (!isReady) {
      progress?.step('Starting the proxy');
      await startProxy(engine, name, { task, signal });
    }
    const record = await findRecord(engine, name, task);
    if (record === undefined) throw brokenSession(task.action, name, 'what it was made from cannot be read');
    const ready = ['exec', partNames(name).session, 'test', '-e', `${PLACES.credentials}/ready`];
    if (parts.session?.isRunning === true && (await engine.try(ready, { task })).code === 0) return;
    progress?.step('Starting the session');
    const addresses = await addressesOf(engine, name, task);
    const credentials = await credentialsFor(engine, name, { record, addresses, task });
    await startContainer(engine, name, { credentials, task, signal });
  });
}

/** The agent first: it is never without its proxy. */
export function stopSession(
  context: ContainerContext,
  name: string,
  { progress }: OperationOptions,
): Promise<void> {
  const { engine } = context;
  return exclusively(context, name, async () => {
    const task = { action: 'stop the session', input: name };
    const parts = await partsOf(context, name, task.action);
    if (!isAnything(parts)) throw missingSession(task.action, name);
    const names = partNames(name);
    if (parts.session?.isRunning === true) {
      progress?.step('Stopping the session');
      await engine.run(['stop', names.session], { task, timeoutMs: STOP_TIMEOUT_MS });
    }
    if (parts.proxy?.isRunning === true) {
      progress?.step('Stopping the proxy');
      // Nobody is left that it could wait for.
      await engine.run(['stop', '--time', '5', names.proxy], { task, timeoutMs: STOP_TIMEOUT_MS });
    }
  });
}

export function deleteSession(
  context: ContainerContext,
  name: string,
  { progress }: OperationOptions,
): Promise<void> {
  return exclusively(context, name, async () => {
    const task = { action: 'delete the session', input: name };
    const parts = await partsOf(context, name, task.action);
    if (!isAnything(parts)) throw missingSession(task.action, name);
    progress?.step('Removing the session');
    await removeParts(context.engine, parts, task);
  });
}

/** New words for the proxy: at once when it runs, else from its next start on. */
export function changeWords(
  context: ContainerContext,
  name: string,
  words: readonly string[],
): Promise<void> {
  const { engine } = context;
  return exclusively(context, name, async () => {
    const task = { action: 'change the allowed domains of the session', input: name };
    const { proxy } = await wholeParts(context, name, task.action);
    if (proxy === undefined) throw missingSession(task.action, name);
    checkWords(words, proxy.labels[LABELS.agent] ?? '');
    if (proxy.isRunning) return reloadAllowlist(engine, name, { task, words });
    const target = { volume: partNames(name).proxy, place: PLACES.proxy, image: proxy.image };
    const steps = [proxyFile(PROXY_FILES.allowlist, allowlistText(words))];
    return writeVolume(engine, target, { task, steps });
  });
}

/**
 * New containers on the same volumes. Everything that can fail beforehand is tried beforehand; one that is cut off is
 * finished by the next.
 */
export async function upgradeSession(
  context: ContainerContext,
  name: string,
  { spec, options }: { readonly spec: UpgradeSpec; readonly options: OperationOptions },
): Promise<void> {
  const { engine, version } = context;
  checkSecrets(spec.secrets);
  checkProxySettings(spec.proxySettings ?? {});
  checkEnvironment(spec.environment ?? {});
  return exclusively(context, name, async () => {
    const task = { action: 'upgrade the session', input: name };
    const parts = await partsOf(context, name, task.action);
    if (!isAnything(parts)) throw missingSession(task.action, name);
    const names = partNames(name);
    if (!parts.volumes.has(names.proxy))
      throw brokenSession(task.action, name, 'the volume of its proxy is not there');
    await ensureImage(engine, spec.proxyImage, options);
    await ensureImage(engine, spec.image, options);
    const old = await readRecordFrom(engine, { name, image: spec.proxyImage, task });
    if (old === undefined) throw brokenSession(task.action, name, 'what it was made from cannot be read');
    const record = upgraded(old, spec);
    const labels = labelArguments(name, version, record);
    await removeContainers(context, parts);
    // Nothing is undone: the next upgrade goes on from here.
    const undo = new UndoStack();
    await makeNetworks(engine, { parts, labels, undo, task, signal: options.signal });
    await makeContainers(engine, {
      ...options,
      ...{ name, labels, record, undo, task },
      ...{ image: spec.image, proxyImage: spec.proxyImage, secrets: spec.secrets },
    });
  });
}

async function removeContainers(
  { engine }: ContainerContext,
  { name, session, proxy }: Parts,
): Promise<void> {
  const task = { action: 'upgrade the session', input: name };
  const names = partNames(name);
  if (session?.isRunning === true)
    await engine.run(['stop', names.session], { task, timeoutMs: STOP_TIMEOUT_MS });
  if (session !== undefined) await removeContainer(engine, names.session, task);
  if (proxy !== undefined) await removeContainer(engine, names.proxy, task);
}

function upgraded(old: SessionRecord, spec: UpgradeSpec): SessionRecord {
  const { command, prepare, environment, proxySettings, credentials, secrets } = spec;
  const { credentials: _old, ...kept } = old;
  return {
    ...kept,
    ...(command === undefined ? {} : { command: [...command] }),
    ...(prepare === undefined ? {} : { prepare }),
    ...(environment === undefined ? {} : { environment: { ...environment } }),
    ...(proxySettings === undefined ? {} : { proxySettings: { ...proxySettings } }),
    ...(credentials === undefined ? {} : { credentials }),
    secretFiles: [...secrets.files.keys()],
  };
}
