import { z } from 'zod';
import type { Engine } from '../engine/engine.ts';
import type { EngineTask } from '../engine/engine-error.ts';
import { APP, LABELS, partNames } from './part-names.ts';

/** A container as the engine knows it. */
export interface ContainerFacts {
  readonly name: string;
  readonly isRunning: boolean;
  /** Undefined for one that has never ended. */
  readonly exitCode: number | undefined;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cpus: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly pids: number | undefined;
  /** Its addresses by network. */
  readonly addresses: Readonly<Record<string, string>>;
}

/** What there is of a session. */
export interface Parts {
  readonly name: string;
  readonly session: ContainerFacts | undefined;
  readonly proxy: ContainerFacts | undefined;
  /** The names of those that are there. */
  readonly volumes: ReadonlySet<string>;
  readonly networks: ReadonlySet<string>;
}

const containerSchema = z
  .object({
    Name: z.string(),
    State: z.object({ Running: z.boolean(), Status: z.string(), ExitCode: z.number() }),
    Config: z.object({ Image: z.string(), Labels: z.record(z.string(), z.string()).nullish() }),
    HostConfig: z.object({
      NanoCpus: z.number().nullish(),
      Memory: z.number().nullish(),
      PidsLimit: z.number().nullish(),
    }),
    NetworkSettings: z.object({
      Networks: z.record(z.string(), z.object({ IPAddress: z.string() })).nullish(),
    }),
  })
  .transform(({ Name, State, Config, HostConfig, NetworkSettings }): ContainerFacts => {
    const addresses = Object.entries(NetworkSettings.Networks ?? {}).map(
      ([network, { IPAddress }]) => [network, IPAddress] as const,
    );
    return {
      name: Name.replace(/^\//, ''),
      isRunning: State.Running,
      exitCode: /^(exited|stopped|dead)$/.test(State.Status) ? State.ExitCode : undefined,
      image: Config.Image,
      labels: Config.Labels ?? {},
      cpus: HostConfig.NanoCpus ? HostConfig.NanoCpus / 1e9 : undefined,
      memoryBytes: HostConfig.Memory || undefined,
      pids: HostConfig.PidsLimit || undefined,
      addresses: Object.fromEntries(addresses),
    };
  });

/** All sessions of which there is a part, or those parts that one session has; by their labels. */
export async function findParts(engine: Engine, task: EngineTask, name?: string): Promise<readonly Parts[]> {
  const label = name === undefined ? `${LABELS.app}=${APP}` : `${LABELS.name}=${name}`;
  const filter = ['--filter', `label=${label}`];
  const lines = async (...args: readonly string[]) =>
    (await engine.run([...args, ...filter], { task })).split('\n').filter((line) => line !== '');
  const [ids, volumes, networks] = await Promise.all([
    lines('ps', '--all', '--quiet', '--no-trunc'),
    lines('volume', 'ls', '--quiet'),
    lines('network', 'ls', '--format', '{{.Name}}'),
  ]);
  const containers = (await Promise.all(ids.map((id) => inspect(engine, task, id)))).filter(
    (container) => container !== undefined,
  );
  const names = new Set(name === undefined ? [] : [name]);
  for (const part of [...containers.map((container) => container.name), ...volumes, ...networks]) {
    const found = sessionOf(part);
    if (found !== undefined) names.add(found);
  }
  return [...names].sort().map((each) => {
    const { session, proxy, outer } = partNames(each);
    return {
      name: each,
      session: containers.find((container) => container.name === session),
      proxy: containers.find((container) => container.name === proxy),
      volumes: new Set(volumes.filter((volume) => volume === session || volume === proxy)),
      networks: new Set(networks.filter((network) => network === session || network === outer)),
    };
  });
}

/** Whether there is anything of it. */
export function isAnything({ session, proxy, volumes, networks }: Parts): boolean {
  return session !== undefined || proxy !== undefined || volumes.size > 0 || networks.size > 0;
}

async function inspect(engine: Engine, task: EngineTask, id: string): Promise<ContainerFacts | undefined> {
  // One by one: where several are asked for, one that has just gone fails them all.
  const args = ['inspect', '--type', 'container', id];
  return (await engine.find(z.array(containerSchema), args, { task }))?.[0];
}

/** The session that a part of this name belongs to. */
function sessionOf(part: string): string | undefined {
  return /^paude-(?:proxy-|outer-)?(.+)$/.exec(part)?.[1];
}
