import { nearest, PaudeError } from '@paude/errors';
import { z } from 'zod';
import { parseBytes } from './byte-count.ts';
import { PROJECT_KEYS, SETTINGS_KEYS, type SettingsName } from './settings-keys.ts';

const words = z.array(z.string().min(1));
/** Never something that a container engine would take for a flag. */
const image = z.string().regex(/^[A-Za-z0-9][\w.:/@-]*$/, 'it is no name of an image');

const build = z.strictObject({
  dockerfile: z.string().min(1),
  context: z.string().min(1).optional(),
  target: z
    .string()
    .regex(/^[\w.-]+$/)
    .optional(),
  args: z.record(z.string(), z.string()).optional(),
});

const schema = z.strictObject({
  agent: z.string(),
  allowedDomains: words,
  image,
  base: z.union([image, build]),
  packages: words,
  setup: z.union([z.string().transform((line) => [line]), words]),
  environment: z.record(z.string().regex(/^[A-Za-z_]\w*$/, 'it is no name of a variable'), z.string()),
  backend: z.enum(['podman', 'docker']),
  yolo: z.boolean(),
  git: z.boolean(),
  proxyImage: image,
  registry: image,
  credentials: z.string().min(1),
  upstream: z.string(),
  allowPrivate: words,
  hosts: words,
  dns: words,
  cpus: z.number().positive(),
  memory: z
    .union([z.string(), z.number()])
    .refine((value) => parseBytes(value) !== undefined, 'it is no size')
    .transform((value) => parseBytes(value) ?? 0),
  pids: z.int().min(16),
} satisfies Record<SettingsName, z.ZodType>);

/** Settings of one layer, checked; every key is optional. `memory` is in bytes. */
export type WrittenSettings = Partial<z.output<typeof schema>>;

/** A base image that is built first, as it is written: paths relative to their file. */
export type WrittenBuild = z.output<typeof build>;

/** Whose settings these are. */
export type SettingsOwner = 'project' | 'user';

/**
 * Checks the settings of one layer.
 *
 * @param where For messages: a path, or `the command line`.
 * @throws PaudeError `settings-invalid` with the key and, for an unknown one, the nearest right one.
 */
export function checkSettings(value: unknown, where: string, owner: SettingsOwner): WrittenSettings {
  const result = schema.partial().safeParse(value);
  const known = owner === 'project' ? PROJECT_KEYS : Object.keys(SETTINGS_KEYS);
  // With `exactOptionalPropertyTypes` zod's optional keys are wider than ours; no value here is ever undefined.
  if (result.success) return refuseForeign(result.data as WrittenSettings, where, owner);
  const [issue] = result.error.issues;
  if (issue?.code === 'unrecognized_keys' && issue.path.length === 0) {
    const [key = ''] = issue.keys;
    const meant = nearest(key, known);
    throw settingsError(
      where,
      `there is no key "${key}"`,
      meant === undefined ? `Use ${known.join(', ')}` : `Write ${meant}`,
    );
  }
  const [key] = issue?.path ?? [];
  if (key === undefined)
    throw settingsError(
      where,
      'it is no set of keys and values',
      'Write it as in {"allowedDomains": ["default"]}',
    );
  const { takes } = SETTINGS_KEYS[key as SettingsName];
  throw settingsError(where, `${String(key)} ${takes}`, `Correct ${(issue?.path ?? []).join('.')}`);
}

/** The error for settings that cannot be used. */
export function settingsError(input: string, why: string, remedy: string, cause?: unknown): PaudeError {
  return new PaudeError('settings-invalid', { action: 'read the settings', input, why, remedy, cause });
}

function refuseForeign(settings: WrittenSettings, where: string, owner: SettingsOwner): WrittenSettings {
  const foreign = Object.keys(settings).find((key) => owner === 'project' && !PROJECT_KEYS.includes(key));
  if (foreign === undefined) return settings;
  throw settingsError(
    where,
    `${foreign} is not for a project to say: it comes with the code of others`,
    `Leave it out there, and set ${foreign} in your own config.json (paude config path) or by a flag`,
  );
}
