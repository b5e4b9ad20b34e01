/** How a key of the settings is read. */
export interface SettingsKey {
  /** Whether a project's paude.json may have it. What could widen the session is for its owner's own files and flags alone. */
  readonly inProject: boolean;
  /** What it takes, for messages. */
  readonly takes: string;
}

/** Every key of paude.json and of the user's config.json. */
export const SETTINGS_KEYS = {
  agent: { inProject: true, takes: 'takes the name of an agent' },
  allowedDomains: { inProject: true, takes: 'takes a list of words' },
  image: { inProject: true, takes: 'takes the name of an image' },
  base: {
    inProject: true,
    takes: 'takes the name of an image, or dockerfile, context, target and args of one to build',
  },
  packages: { inProject: true, takes: 'takes a list of names' },
  setup: { inProject: true, takes: 'takes a command, or a list of commands' },
  environment: { inProject: true, takes: 'takes names with a text each' },
  backend: { inProject: false, takes: 'takes podman or docker' },
  yolo: { inProject: false, takes: 'takes true or false' },
  git: { inProject: false, takes: 'takes true or false' },
  proxyImage: { inProject: false, takes: 'takes the name of an image' },
  registry: { inProject: false, takes: 'takes the name of a registry, as in registry.example.com/team' },
  credentials: { inProject: false, takes: 'takes the path of a file' },
  upstream: { inProject: false, takes: 'takes the URL of a proxy' },
  allowPrivate: { inProject: false, takes: 'takes a list of address ranges' },
  hosts: { inProject: false, takes: 'takes a list of NAME=ADDRESS' },
  dns: { inProject: false, takes: 'takes a list of DNS servers' },
  cpus: { inProject: false, takes: 'takes a number of cores' },
  memory: { inProject: false, takes: 'takes a size, as in 8g' },
  pids: { inProject: false, takes: 'takes a number of processes' },
} as const satisfies Readonly<Record<string, SettingsKey>>;

export type SettingsName = keyof typeof SETTINGS_KEYS;

/** The keys that a project's paude.json may have. */
export const PROJECT_KEYS: readonly string[] = Object.entries(SETTINGS_KEYS)
  .filter(([, { inProject }]) => inProject)
  .map(([name]) => name);
