import { nearest, PaudeError } from '@paude/errors';
import { z } from 'zod';
import { defaultPorts, type ParseOptions } from './parse.ts';
import { parseWord, type RuleDetails } from './parse-word.ts';
import { sortedPorts } from './ports.ts';
import type { Allowlist, Rule } from './rule.ts';
import { fileError, readYaml } from './yaml-document.ts';

/** How a file is to be read. */
export interface FileOptions extends Omit<ParseOptions, 'source'> {
  /** The file's name, for messages and for the source of its rules. */
  readonly path: string;
}

const PORT = z.int().min(1).max(65535);

/** One entry as it is written: `{ allow: WORD }` or `{ deny: WORD }`, and what may stand beside it. */
const entrySchema = z.strictObject({
  allow: z.string().optional(),
  deny: z.string().optional(),
  ports: z.union([z.literal('*'), PORT, z.array(PORT).min(1).max(1000)]).optional(),
  reason: z
    .string()
    .max(500)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u)
    .optional(),
  expires: z.union([z.iso.date(), z.iso.datetime({ offset: true })]).optional(),
  tls: z.enum(['sni', 'any']).optional(),
});

/** The file as it is written: `{ rules: [...] }`; the list may also stand alone. */
const fileSchema = z.strictObject({
  version: z.literal(1).optional(),
  rules: z.array(z.unknown()),
});

/** What each key takes, to follow its name in a message. */
const KEY_RULES: Readonly<Record<string, string>> = {
  allow: 'takes a word, in quotes if YAML reads it otherwise',
  deny: 'takes a word, in quotes if YAML reads it otherwise',
  ports: 'takes a port from 1 to 65535, a list of ports, or "*"',
  reason: 'takes one line of text, of 500 characters at most',
  expires: 'takes a date (2031-12-31) or a date and time (2031-12-31T18:00:00Z)',
  tls: 'takes sni or any',
  version: 'takes 1',
  rules: 'takes a list of words and entries',
};

/**
 * Reads an allowlist file, YAML or JSON: `{ version: 1, rules: [...] }` or the list of rules alone. A rule is a word, or
 * an entry `{ allow | deny: WORD, ports, reason, expires, tls }`.
 *
 * @throws PaudeError `file-invalid`, `pattern-invalid`, `expression-invalid`, `port-invalid` or `agent-unknown`; the
 * message names the file and the line.
 */
export function parseAllowlistFile(text: string, options: FileOptions): Allowlist {
  const { path, agent, extraPorts } = options;
  const { value, itemLines } = readYaml(text, 'rules', path);
  const items: readonly unknown[] = Array.isArray(value)
    ? value
    : checked(fileSchema, value, {
        where: path,
        whyNot: 'it is neither a list nor has it a list under rules',
      }).rules;
  const rules: Rule[] = [];
  items.forEach((item, index) => {
    for (const rule of readItem(item, { path, line: itemLines[index] ?? 1, agent })) rules.push(rule);
  });
  return { rules, defaultPorts: defaultPorts(extraPorts) };
}

interface ItemContext {
  readonly path: string;
  readonly line: number;
  readonly agent: string | undefined;
}

function readItem(item: unknown, { path, line, agent }: ItemContext): Rule[] {
  const where = `${path}:${line}`;
  const parse = (word: string, details?: RuleDetails): Rule[] => {
    try {
      return parseWord(word, { agent, source: { word, file: path, line }, ...(details && { details }) });
    } catch (error) {
      throw error instanceof PaudeError ? located(error, where) : error;
    }
  };
  if (typeof item === 'string') return parse(item);
  const { allow, deny, ...rest } = checked(entrySchema, item, {
    where,
    whyNot: 'it is neither a word nor an entry (what begins with [ or { needs quotes)',
  });
  if ((allow === undefined) === (deny === undefined)) {
    throw fileError(where, 'an entry has one of allow and deny', 'Write it as in { allow: .example.com }');
  }
  if (deny !== undefined && rest.tls !== undefined) {
    throw fileError(where, 'tls says what an allowed tunnel carries', 'Remove it from the deny');
  }
  const written = allow ?? deny ?? '';
  if (written.startsWith('!')) {
    throw fileError(where, 'allow and deny take a word without !', `Write deny: ${written.slice(1)}`);
  }
  return parse(allow ?? `!${deny}`, detailsOf(rest));
}

function detailsOf(entry: Omit<z.infer<typeof entrySchema>, 'allow' | 'deny'>): RuleDetails {
  const { ports, reason, expires, tls } = entry;
  return {
    ...(ports === undefined ? {} : { ports: ports === '*' ? 'all' : sortedPorts([ports].flat()) }),
    ...(reason === undefined ? {} : { reason }),
    ...(expires === undefined ? {} : { expiresAtMs: expiryOf(expires) }),
    ...(tls === undefined ? {} : { tls }),
  };
}

/** A date lasts until its end, in UTC. */
function expiryOf(expires: string): number {
  const dayMs = 24 * 60 * 60 * 1000;
  return expires.includes('T') ? Date.parse(expires) : Date.parse(`${expires}T00:00:00Z`) + dayMs;
}

function located(error: PaudeError, where: string): PaudeError {
  const { action, input, why, remedy } = error;
  return new PaudeError(error.code, { action: `${action} at ${where}`, input, why, remedy, cause: error });
}

function checked<Schema extends typeof fileSchema | typeof entrySchema>(
  schema: Schema,
  value: unknown,
  { where, whyNot }: { readonly where: string; readonly whyNot: string },
): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data as z.infer<Schema>;
  const known = Object.keys(schema.shape);
  const unknownKey = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys : [],
  )[0];
  if (unknownKey !== undefined) {
    const meant = nearest(unknownKey, known);
    const remedy = meant === undefined ? `Use ${known.join(', ')}` : `Write ${meant}`;
    throw fileError(where, `there is no key "${unknownKey.slice(0, 60)}"`, remedy);
  }
  const key = String(result.error.issues[0]?.path[0] ?? '');
  throw key === ''
    ? fileError(
        where,
        whyNot,
        'Write a list of words, as in - .example.com, and entries, as in - allow: .example.com',
      )
    : fileError(where, `${key} ${KEY_RULES[key] ?? 'is not right'}`, `Correct ${key}`);
}
