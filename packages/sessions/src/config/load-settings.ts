import { readFile, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { Variables } from '../local/passed-variables.ts';
import { parseDevcontainer } from './devcontainer.ts';
import { type ResolvedSettings, resolveSettings, type SettingsLayer } from './resolve-settings.ts';
import {
  checkSettings,
  type SettingsOwner,
  settingsError,
  type WrittenSettings,
} from './written-settings.ts';

/** Where settings are looked for. */
export interface SettingsRequest {
  /** The project. */
  readonly directory: string;
  readonly env: Variables;
  /** What the command line says; as written, not checked yet. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/** All that is in force, and what a person is told of it. */
export interface LoadedSettings extends ResolvedSettings {
  /** Weakest last; what is built in is not among them. */
  readonly layers: readonly SettingsLayer[];
  /** What of a devcontainer.json is not followed. */
  readonly notes: readonly string[];
}

const PROJECT_FILE = 'paude.json';
const DEVCONTAINERS = ['.devcontainer/devcontainer.json', '.devcontainer.json'];

/** The user's own settings: `paude/config.json` in XDG_CONFIG_HOME. */
export function userSettingsPath({ XDG_CONFIG_HOME: config, HOME: home }: Variables): string {
  // The XDG base directory specification has relative paths ignored.
  const base = config !== undefined && isAbsolute(config) ? config : join(home ?? '/', '.config');
  return join(base, 'paude', 'config.json');
}

/**
 * Reads the settings of all layers: flags, PAUDE_REGISTRY, paude.json, devcontainer.json, the user's own; the first is the
 * strongest.
 *
 * @throws PaudeError `settings-invalid`.
 */
export async function loadSettings({ directory, env, flags }: SettingsRequest): Promise<LoadedSettings> {
  const notes: string[] = [];
  const layers = [
    { from: 'the command line', settings: checkSettings(flags, 'the command line', 'user') },
    ...(env.PAUDE_REGISTRY
      ? [
          {
            from: 'PAUDE_REGISTRY',
            settings: checkSettings({ registry: env.PAUDE_REGISTRY }, 'PAUDE_REGISTRY', 'user'),
          },
        ]
      : []),
    ...(await jsonLayer(join(directory, PROJECT_FILE), 'project', directory)),
    ...(await devcontainerLayer(directory, notes)),
    ...(await jsonLayer(userSettingsPath(env), 'user')),
  ].filter(({ settings }) => Object.keys(settings).length > 0);
  return { ...resolveSettings(layers), layers, notes };
}

async function jsonLayer(
  path: string,
  owner: SettingsOwner,
  project?: string,
): Promise<readonly SettingsLayer[]> {
  const text = await readIfThere(path);
  if (text === undefined) return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw settingsError(path, 'it is not JSON', 'Correct it', error);
  }
  const settings = checkSettings(value, path, owner);
  return [{ from: path, settings: await placed(settings, path, project) }];
}

async function devcontainerLayer(directory: string, notes: string[]): Promise<readonly SettingsLayer[]> {
  for (const name of DEVCONTAINERS) {
    const path = join(directory, name);
    const text = await readIfThere(path);
    if (text === undefined) continue;
    const found = parseDevcontainer(text, path);
    notes.push(...found.notes.map((note) => `${name}: ${note}`));
    return [{ from: path, settings: await placed(found.settings, path, directory) }];
  }
  return [];
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw settingsError(path, `reading it failed (${code})`, 'Check that this user may read it', error);
  }
}

/**
 * Makes the paths of a build absolute. A project's are kept inside the project, links followed: the files of a build's
 * context end up where the agent can read them.
 */
async function placed(
  settings: WrittenSettings,
  path: string,
  project: string | undefined,
): Promise<WrittenSettings> {
  const { base } = settings;
  if (base === undefined || typeof base === 'string') return settings;
  const at = dirname(path);
  const paths = { dockerfile: resolve(at, base.dockerfile), context: resolve(at, base.context ?? '.') };
  if (project !== undefined) {
    const root = await realpath(project);
    for (const place of Object.values(paths)) {
      const real = await realpath(place).catch(() => undefined);
      if (real === undefined)
        throw settingsError(path, `there is no ${place}`, 'Correct dockerfile and context');
      if (relative(root, real).startsWith('..'))
        throw settingsError(
          path,
          `${place} is not inside the project`,
          'Name a directory of the project: the agent could read what is built from others',
        );
    }
  }
  return { ...settings, base: { ...base, ...paths } };
}
