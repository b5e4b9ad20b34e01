import { PaudeError } from '@paude/errors';
import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../model/object.ts';

/** A directory of manifests is read file by file; one above this was not written by hand and not by us. */
const MAX_CHARACTERS = 32 * 1_048_576;
/** Aliases that may be resolved in one document: a small text must not become a huge object. */
const MAX_ALIASES = 100;
const MAX_NESTED_LISTS = 3;
/** What charts write where a value is to be. */
const TEMPLATE = /\{\{-?\s*(?:\.|include\b|template\b|if\b|range\b|with\b|end\b|define\b)/;

/**
 * Reads manifests, YAML or JSON, of one or several documents. Lists become their items; empty documents, and what is for
 * kustomize, are left out.
 *
 * @param where The file's name, for messages.
 * @throws PaudeError `manifest-invalid`; the message names the file and the line.
 */
export function readManifests(text: string, where: string): KubernetesObject[] {
  if (text.length > MAX_CHARACTERS) {
    throw manifestError(where, `it has more than ${MAX_CHARACTERS} characters`, 'Split it');
  }
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
    logLevel: 'error',
  });
  // For a text without documents the library gives an empty list that is one.
  const documents: readonly Document.Parsed[] = 'empty' in parsed ? [] : parsed;
  return documents.flatMap((document) => {
    const start = document.contents?.range?.[0] ?? document.range[0];
    const place = (offset: number): string => `${where}:${lines.linePos(offset).line || 1}`;
    const [error] = document.errors;
    const read = () => {
      if (error !== undefined)
        throw manifestError(place(error.pos[0]), `it is not YAML (${error.message})`, 'Correct it');
      return objectsIn(resolvedValue(document, place(start)), place(start), MAX_NESTED_LISTS);
    };
    return TEMPLATE.test(text) ? unlessTemplate(read, where) : read();
  });
}

/** Braces are in many manifests for somebody else to read; only where it cannot be read otherwise they are a chart's. */
function unlessTemplate(read: () => KubernetesObject[], where: string): KubernetesObject[] {
  try {
    return read();
  } catch (error) {
    const why = 'it looks like the template of a chart, which is no manifest yet';
    throw manifestError(where, why, 'Render it first: helm template CHART > objects.yaml', error);
  }
}

function resolvedValue(document: Document.Parsed, where: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw manifestError(
      where,
      `its aliases cannot be resolved (at most ${MAX_ALIASES} may be)`,
      'Write them out',
      error,
    );
  }
}

interface ListItemDefaults {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
}

function objectsIn(
  value: unknown,
  where: string,
  depth: number,
  defaults: ListItemDefaults = {},
): KubernetesObject[] {
  if (value === null || value === undefined) return [];
  if (!isRecord(value)) throw manifestError(where, 'it is no object', 'Write apiVersion, kind and metadata');
  const { apiVersion = defaults.apiVersion, kind = defaults.kind, items } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || apiVersion === '' || kind === '') {
    throw manifestError(
      where,
      'it has no apiVersion and kind',
      'Leave out files that are no manifests (values of a chart, for instance)',
    );
  }
  if (apiVersion.startsWith('kustomize.config.k8s.io/')) return [];
  if (kind.endsWith('List') && Array.isArray(items)) {
    if (depth === 0)
      throw manifestError(where, 'it has lists in lists in lists', 'Write the objects by themselves');
    // The API leaves these out of the items of a typed list.
    const itemDefaults = kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) };
    return items.flatMap((item) => objectsIn(item, where, depth - 1, itemDefaults));
  }
  return [objectOf({ ...value, apiVersion, kind }, where)];
}

function objectOf(value: Readonly<Record<string, unknown>>, where: string): KubernetesObject {
  const { kind, metadata } = value;
  const name = isRecord(metadata) ? (metadata.name ?? metadata.generateName) : undefined;
  if (!isRecord(metadata) || typeof name !== 'string' || name === '') {
    throw manifestError(where, `this ${String(kind)} has no metadata.name`, 'Name it');
  }
  if (metadata.namespace !== undefined && typeof metadata.namespace !== 'string') {
    throw manifestError(where, `the namespace of ${String(kind)} ${name} is no text`, 'Put quotes around it');
  }
  for (const key of ['labels', 'annotations'] as const)
    checkTexts(metadata[key], `${where}`, `${String(kind)} ${name}`, key);
  // Checked above: what ObjectMeta names is there as it names it.
  return { ...value, metadata: { ...metadata, name } } as unknown as KubernetesObject;
}

function checkTexts(map: unknown, where: string, subject: string, key: string): void {
  if (map === undefined || map === null) return;
  const wrong = isRecord(map) ? Object.entries(map).find(([, value]) => typeof value !== 'string')?.[0] : key;
  if (wrong === undefined) return;
  throw manifestError(
    where,
    `${wrong} in the ${key} of ${subject} is no text`,
    'Put quotes around its value',
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function manifestError(where: string, why: string, remedy: string, cause?: unknown): PaudeError {
  return new PaudeError('manifest-invalid', {
    action: 'read the manifest',
    input: where,
    why,
    remedy,
    cause,
  });
}
