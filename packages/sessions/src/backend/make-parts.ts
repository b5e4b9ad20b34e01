import { z } from 'zod';
import type { Engine } from '../engine/engine.ts';
import type { EngineTask } from '../engine/engine-error.ts';
import { partNames } from './part-names.ts';
import type { Parts } from './parts.ts';
import { addressesIn, type SessionAddresses } from './subnet.ts';
import type { UndoStack } from './undo-stack.ts';

/** How parts are made: those that are there already stay, and are not undone. */
export interface MakeRequest {
  readonly parts: Parts;
  readonly labels: readonly string[];
  readonly undo: UndoStack;
  readonly task: EngineTask;
  readonly signal?: AbortSignal | undefined;
}

export async function makeNetworks(engine: Engine, request: MakeRequest): Promise<SessionAddresses> {
  const { parts, labels, undo, task, signal } = request;
  const { session, outer } = partNames(parts.name);
  const make = async (network: string, options: readonly string[]) => {
    if (parts.networks.has(network)) return;
    // Before it is made: what an interrupted engine has made all the same is removed, too.
    undo.add(() => engine.remove(['network', 'rm', network], { task }));
    await engine.run(['network', 'create', ...labels, ...options, network], { task, signal });
  };
  const { sealedNetwork, namesSubnets } = engine.traits;
  await make(outer, []);
  await make(session, sealedNetwork);
  const subnet = await subnetOf(engine, session, task);
  if (namesSubnets && !parts.networks.has(session)) {
    // The one that the engine has chosen as free; named, so that containers can have addresses of our choice in it.
    await engine.run(['network', 'rm', session], { task, signal });
    const args = ['network', 'create', ...labels, ...sealedNetwork, '--subnet', subnet, session];
    await engine.run(args, { task, signal });
  }
  return addressesIn(subnet);
}

export async function makeVolumes(engine: Engine, request: MakeRequest): Promise<void> {
  const { parts, labels, undo, task, signal } = request;
  const { session, proxy } = partNames(parts.name);
  for (const volume of [session, proxy]) {
    if (parts.volumes.has(volume)) continue;
    undo.add(() => engine.remove(['volume', 'rm', volume], { task }));
    await engine.run(['volume', 'create', ...labels, volume], { task, signal });
  }
}

/** Removes a container, running or not. @returns whether there was one. */
export function removeContainer(engine: Engine, container: string, task: EngineTask): Promise<boolean> {
  return engine.remove(['rm', '--force', container], { task });
}

/** Removes all that there is of a session, in an order that the engine allows. */
export async function removeParts(engine: Engine, parts: Parts, task: EngineTask): Promise<void> {
  const { session, proxy } = partNames(parts.name);
  if (parts.session !== undefined) await removeContainer(engine, session, task);
  if (parts.proxy !== undefined) await removeContainer(engine, proxy, task);
  for (const network of parts.networks) await engine.remove(['network', 'rm', network], { task });
  for (const volume of parts.volumes) await engine.remove(['volume', 'rm', volume], { task });
}

/** What both engines call the subnet of a network. */
const networkSchema = z
  .array(
    z.union([
      z
        .object({ subnets: z.array(z.object({ subnet: z.string() })) })
        .transform(({ subnets }) => subnets.map(({ subnet }) => subnet)),
      z
        .object({ IPAM: z.object({ Config: z.array(z.object({ Subnet: z.string() })) }) })
        .transform(({ IPAM }) => IPAM.Config.map(({ Subnet }) => Subnet)),
    ]),
  )
  .transform(([subnets = []]) => subnets.find((subnet) => !subnet.includes(':')) ?? '');

async function subnetOf(engine: Engine, network: string, task: EngineTask): Promise<string> {
  return engine.json(networkSchema, ['network', 'inspect', network], { task });
}

/** The addresses that a session's containers have, from its network. */
export async function addressesOf(engine: Engine, name: string, task: EngineTask): Promise<SessionAddresses> {
  return addressesIn(await subnetOf(engine, partNames(name).session, task));
}
