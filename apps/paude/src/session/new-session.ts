import { PaudeError } from '@paude/errors';
import {
  agentCommand,
  type EngineName,
  findAgent,
  type OperationOptions,
  parseSessionName,
  prepareScript,
  type SessionImageRequest,
  type SessionSpec,
  sessionNameFrom,
} from '@paude/sessions';
import type { LoadedSettings, Settings } from '@paude/sessions/config';
import type { Io } from '../io.ts';
import { VERSION } from '../version.ts';
import type { HostGit } from './host-git.ts';
import type { ProxyCredentials } from './secrets.ts';
import type { Sessions } from './sessions.ts';

/** Where a session's container has the stubs. */
const STUBS = '/credentials/stubs';

/** The name of a session that was not named: that of the directory. */
export function defaultName(io: Pick<Io, 'cwd'>): string {
  return parseSessionName(sessionNameFrom(io.cwd().split('/').at(-1) ?? ''));
}

/** Which backend runs it. */
export function backendOf({ backend }: Settings, { backendNames: [first = 'podman'] }: Sessions): EngineName {
  return backend ?? first;
}

/**
 * The image that is used as it is, or what one is built from.
 *
 * @throws PaudeError `agent-unknown`.
 */
export function imageOf(settings: Settings): string | Omit<SessionImageRequest, 'directory'> {
  const { image, base, registry, packages = [], setup = [] } = settings;
  if (image !== undefined) return image;
  const agent = findAgent(settings.agent);
  const from = base ?? (registry === undefined ? undefined : `${registry}/paude-session:${VERSION}`);
  return {
    ...(from === undefined
      ? {}
      : {
          base:
            typeof from === 'string'
              ? from
              : { ...from, args: from.args ?? {}, context: from.context ?? '.' },
        }),
    packages: [...agent.packages, ...packages],
    install: agent.install,
    setup,
  };
}

/** The image of the proxy: what is set, else that of the registry, else what `npm run image` makes. */
export function proxyImageOf({ proxyImage, registry }: Settings, backend: EngineName): string {
  if (proxyImage !== undefined) return proxyImage;
  const place = registry ?? (backend === 'podman' ? 'localhost' : undefined);
  return `${place === undefined ? '' : `${place}/`}paude-proxy:${VERSION}`;
}

/** Settings of the proxy by the variables of its image. */
function proxySettingsOf({ upstream, allowPrivate, hosts, dns }: Settings): Record<string, string> {
  const all = {
    PAUDE_PROXY_UPSTREAM: upstream,
    PAUDE_PROXY_ALLOW_PRIVATE: allowPrivate?.join(','),
    PAUDE_PROXY_HOSTS: hosts?.join(','),
    PAUDE_PROXY_DNS: dns?.join(','),
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** What an agent is started with. @throws PaudeError `agent-unknown`, `agent-asks`. */
function agentParts({
  agent: name,
  yolo,
  environment,
}: Settings): Required<Pick<SessionSpec, 'command' | 'prepare' | 'environment'>> {
  const agent = findAgent(name);
  return {
    command: agentCommand(agent, { yolo }),
    prepare: prepareScript(agent, { yolo, stubs: STUBS }),
    environment: { ...agent.environment, ...environment },
  };
}

/** Everything about a new session but its image, which takes time to build. */
export function specOf(
  name: string,
  request: {
    readonly settings: Settings;
    readonly backend: EngineName;
    readonly workspace: string;
    readonly credentials: ProxyCredentials;
    readonly gitIdentity: SessionSpec['gitIdentity'];
  },
): Omit<SessionSpec, 'image'> {
  const { settings, backend, workspace, credentials, gitIdentity } = request;
  const { cpus, memory, pids } = settings;
  return {
    name,
    agent: settings.agent,
    proxyImage: proxyImageOf(settings, backend),
    workspace,
    allowedDomains: settings.allowedDomains,
    yolo: settings.yolo,
    resources: {
      ...(cpus === undefined ? {} : { cpus }),
      ...(memory === undefined ? {} : { memoryBytes: memory }),
      ...(pids === undefined ? {} : { pids }),
    },
    ...agentParts(settings),
    proxySettings: proxySettingsOf(settings),
    ...credentials,
    ...(gitIdentity === undefined ? {} : { gitIdentity }),
  };
}

/** Builds the image, or takes the one that is named. */
export async function makeImage(
  sessions: Sessions,
  { settings, backend }: { readonly settings: Settings; readonly backend: EngineName },
  options: OperationOptions,
): Promise<string> {
  const image = imageOf(settings);
  return typeof image === 'string' ? image : sessions.buildImage(backend, image, options);
}

/** Who commits, as git on this machine has it. */
export async function gitIdentityOf(git: HostGit): Promise<SessionSpec['gitIdentity']> {
  const [name, email] = await Promise.all(
    ['user.name', 'user.email'].map(async (key) => (await git.try(['config', '--get', key])).stdout),
  );
  return name && email ? { name, email } : undefined;
}

/** Lines for the person: what a project, which comes with the code of others, adds to a session. */
export function projectNotes({ origins, notes }: LoadedSettings, directory: string): readonly string[] {
  const ofProject = origins.filter(({ from }) => from.startsWith(`${directory}/`));
  const words = ofProject.filter(({ key }) => key === 'allowedDomains').map(({ value }) => String(value));
  const others = [...new Set(ofProject.map(({ key }) => key))].filter((key) => key !== 'allowedDomains');
  if (words.some((word) => word.trim() === 'all')) {
    throw new PaudeError('project-allows-all', {
      action: 'use the settings of the project',
      input: directory,
      why: 'they allow every host, and they come with the code',
      remedy: 'Take the word all out of paude.json; who wants it writes --allowed-domains all',
    });
  }
  return [
    ...notes,
    ...(words.length === 0 ? [] : [`the project adds to the allowlist: ${words.join(', ')}`]),
    ...(others.length === 0
      ? []
      : [`the project sets ${others.join(', ')}; its image is built with the network open`]),
  ];
}
