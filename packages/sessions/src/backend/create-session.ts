import type { Session } from '../session/session.ts';
import { parseSessionName } from '../session/session-name.ts';
import type { OperationOptions, SessionSpec } from './backend.ts';
import { labelArguments, makeContainers } from './bring-up.ts';
import { checkEnvironment, checkProxySettings, checkSecrets, checkWords } from './check-spec.ts';
import { type ContainerContext, exclusively, partsOf } from './container-context.ts';
import { describeSession, missingPart } from './describe-session.ts';
import { ensureImage } from './ensure-image.ts';
import { makeNetworks, makeVolumes, removeContainer } from './make-parts.ts';
import { partNames } from './part-names.ts';
import type { Parts } from './parts.ts';
import { existingSession } from './session-errors.ts';
import { recordOf } from './session-record.ts';
import { UndoStack } from './undo-stack.ts';

/**
 * Makes a session: networks, volumes, the proxy, and when that serves the session's container. What a create that was cut
 * off has left is used; a volume that was there is never removed.
 */
export async function createSession(
  context: ContainerContext,
  spec: SessionSpec,
  options: OperationOptions,
): Promise<Session> {
  const { name, agent, allowedDomains } = spec;
  parseSessionName(name);
  checkWords(allowedDomains, agent);
  checkSecrets(spec.secrets);
  checkProxySettings(spec.proxySettings ?? {});
  checkEnvironment(spec.environment);
  return exclusively(context, name, async () => {
    const parts = await partsOf(context, name, 'create the session');
    if (missingPart(parts) === undefined) throw existingSession(name);
    await make(context, { spec, parts, options });
    const made = await partsOf(context, name, 'create the session');
    return describeSession(context.engine.name, made, allowedDomains);
  });
}

async function make(
  { engine, version }: ContainerContext,
  {
    spec,
    parts,
    options,
  }: { readonly spec: SessionSpec; readonly parts: Parts; readonly options: OperationOptions },
): Promise<void> {
  const { name } = spec;
  const { signal, progress } = options;
  const task = { action: 'create the session', input: name };
  await ensureImage(engine, spec.proxyImage, options);
  await ensureImage(engine, spec.image, options);
  const record = recordOf(spec, { createdMs: Date.now() });
  const labels = labelArguments(name, version, record);
  const undo = new UndoStack();
  try {
    // They can be made again, and are of an older wish.
    if (parts.session !== undefined) await removeContainer(engine, partNames(name).session, task);
    if (parts.proxy !== undefined) await removeContainer(engine, partNames(name).proxy, task);
    progress?.step('Making its network and volumes');
    const request = { parts, labels, undo, task, signal };
    await makeNetworks(engine, request);
    await makeVolumes(engine, request);
    await makeContainers(engine, {
      ...options,
      ...{ name, labels, record, undo, task },
      ...{
        image: spec.image,
        proxyImage: spec.proxyImage,
        secrets: spec.secrets,
        words: spec.allowedDomains,
      },
    });
  } catch (error) {
    progress?.step('Undoing what was done');
    await undo.unwind();
    throw error;
  }
}
