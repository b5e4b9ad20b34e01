import { PaudeError } from '@paude/errors';
import { constructFromEvents, EVENT_ID, type Event, parseEvents, YAMLException } from 'js-yaml';

/** The one document of a YAML or JSON text (JSON is YAML 1.2), and where the items of its list stand. */
export interface YamlDocument {
  readonly value: unknown;
  /** The line of each item of the list under `listKey`, or of the list that the document is. Counted from 1. */
  readonly itemLines: readonly number[];
}

/**
 * Reads a document without anchors, aliases and tags: no list needs them, aliases can make a small text huge, and a word
 * such as `*.example.com` or `!example.com` that lacks its quotes would be one.
 *
 * @throws PaudeError `file-invalid`, with the line.
 */
export function readYaml(text: string, listKey: string, path: string): YamlDocument {
  const source = text.startsWith('\ufeff') ? text.slice(1) : text;
  try {
    const events = parseEvents(source, {});
    const itemLines = checkEvents(events, source, listKey, path);
    const documents = constructFromEvents(events, { source, maxAliases: 0 });
    if (documents.length === 1) return { value: documents[0], itemLines };
    const why = documents.length === 0 ? 'it is empty' : 'it holds several documents';
    throw fileError(path, why, `Write one list, or ${listKey}: [] to allow nothing`);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const where = error.mark === undefined ? path : `${path}:${error.mark.line + 1}`;
    throw fileError(
      where,
      `it is not YAML (${error.reason})`,
      'Correct it; words that begin with one of * ! { [ need quotes',
      error,
    );
  }
}

/** The error for a file that cannot be read as an allowlist; `where` is its path, with the line if that is known. */
export function fileError(where: string, why: string, remedy: string, cause?: unknown): PaudeError {
  return new PaudeError('file-invalid', { action: 'read the allowlist', input: where, why, remedy, cause });
}

function checkEvents(events: readonly Event[], source: string, listKey: string, path: string): number[] {
  const itemLines: number[] = [];
  let line = 1;
  let counted = 0;
  const lineOf = (offset: number): number => {
    for (; counted < offset; counted++) if (source.charCodeAt(counted) === 10) line++;
    return line;
  };
  let depth = 0;
  let listDepth = 0;
  let isListNext = true;
  for (const event of events) {
    if (event.type === EVENT_ID.POP) {
      if (depth === listDepth) listDepth = 0;
      depth--;
      continue;
    }
    if (event.type === EVENT_ID.DOCUMENT) {
      depth = 1;
      isListNext = true;
      continue;
    }
    const start = startOf(event);
    const isMarked = event.anchorStart >= 0 || ('tagStart' in event && event.tagStart >= 0);
    if (isMarked) throw markError(event, source, `${path}:${lineOf(start)}`);
    if (depth === listDepth) itemLines.push(lineOf(start));
    if (event.type === EVENT_ID.SCALAR) {
      isListNext = depth === 2 && source.slice(event.valueStart, event.valueEnd) === listKey;
    } else {
      depth++;
      if (event.type === EVENT_ID.SEQUENCE && isListNext) listDepth = depth;
      isListNext = false;
    }
  }
  return itemLines;
}

function startOf(event: Exclude<Event, { type: 1 | 6 }>): number {
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart;
  const start = event.type === EVENT_ID.SCALAR ? event.valueStart : event.start;
  return Math.max(start, event.anchorStart, event.tagStart);
}

function markError(event: Exclude<Event, { type: 1 | 6 }>, source: string, where: string): PaudeError {
  if (event.type !== EVENT_ID.ALIAS && event.tagStart >= 0) {
    const tag = source.slice(event.tagStart, event.tagEnd);
    return fileError(
      where,
      `${tag} is a tag in YAML`,
      tag.startsWith('!!') ? 'Remove it' : `Write deny: ${tag.slice(1)}, or put quotes around "${tag}"`,
    );
  }
  const name = source.slice(event.anchorStart, event.anchorEnd).replace(/^[*&]/, '');
  return event.type === EVENT_ID.ALIAS
    ? fileError(where, `*${name} is an alias in YAML`, `Put quotes around "*${name}"`)
    : fileError(where, `&${name} is an anchor in YAML, which an allowlist does not need`, 'Remove it');
}
