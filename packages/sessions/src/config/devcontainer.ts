import { z } from 'zod';
import { withoutComments } from './json-comments.ts';
import { checkSettings, settingsError, type WrittenBuild, type WrittenSettings } from './written-settings.ts';

const command = z.union([z.string(), z.array(z.string())]);

/** What is read of a devcontainer.json (containers.dev, "Development Container metadata reference"). */
const schema = z.looseObject({
  image: z.string().optional(),
  build: z
    .looseObject({
      dockerfile: z.string(),
      context: z.string().optional(),
      target: z.string().optional(),
      args: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  dockerFile: z.string().optional(),
  context: z.string().optional(),
  postCreateCommand: z.union([command, z.record(z.string(), command)]).optional(),
  containerEnv: z.record(z.string(), z.string()).optional(),
});

/** What has a meaning to other programs, and is worth a word when it is not followed. */
const UNFOLLOWED: Readonly<Record<string, string>> = {
  remoteUser: 'a session has a user of its own',
  containerUser: 'a session has a user of its own',
  features: 'name what is needed under packages or setup of paude.json',
  dockerComposeFile: 'a session is one container',
  mounts: 'a session sees nothing of this machine',
  runArgs: 'a session is run in its own way',
  initializeCommand: 'nothing of a project runs on this machine',
};

/** A devcontainer.json as settings. */
export interface Devcontainer {
  readonly settings: WrittenSettings;
  /** What of it is not followed, and why: clauses. */
  readonly notes: readonly string[];
}

/**
 * Reads a devcontainer.json.
 *
 * @param where Its path, for messages.
 * @throws PaudeError `settings-invalid`.
 */
export function parseDevcontainer(text: string, where: string): Devcontainer {
  let value: unknown;
  try {
    value = JSON.parse(withoutComments(text));
  } catch (error) {
    throw settingsError(where, 'it is not JSON', 'Correct it', error);
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    const path = result.error.issues[0]?.path.join('.') ?? '';
    throw settingsError(where, `${path || 'it'} is not as devcontainer.json has it`, 'Correct it');
  }
  const { image, build, dockerFile, context, postCreateCommand, containerEnv } = result.data;
  const old = dockerFile === undefined ? undefined : { dockerfile: dockerFile, context };
  const settings = {
    ...baseOf(image, build ?? old),
    ...(postCreateCommand === undefined ? {} : { setup: linesOf(postCreateCommand) }),
    ...(containerEnv === undefined ? {} : { environment: containerEnv }),
  };
  const notes = Object.entries(UNFOLLOWED)
    .filter(([key]) => key in result.data)
    .map(([key, why]) => `${key} is not followed: ${why}`);
  return { settings: checkSettings(settings, where, 'project'), notes };
}

/** Of a build no more than what a build of ours has. */
function baseOf(image: string | undefined, build: WrittenBuild | undefined): WrittenSettings {
  if (build === undefined) return image === undefined ? {} : { base: image };
  const { dockerfile, context, target, args } = build;
  return { base: { dockerfile, context, target, args } };
}

type Command = string | readonly string[];

function linesOf(written: Command | Readonly<Record<string, Command>>): readonly string[] {
  if (typeof written === 'string') return [written];
  if (Array.isArray(written)) return [written.map(quoted).join(' ')];
  return Object.values(written).flatMap(linesOf);
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
