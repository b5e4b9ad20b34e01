import type { Place } from '../imported.ts';
import { squidError } from './squid-error.ts';

/** A directive of squid.conf, its continuation lines joined and its comment dropped. */
export interface Directive {
  readonly name: string;
  /** What follows, split at white space. */
  readonly values: readonly string[];
  readonly place: Place;
}

/** Gives the text of a file that a squid.conf names; undefined when it is not at hand. */
export type IncludeFile = (path: string) => string | undefined;

/** squid's own bound on files that include files. */
const MAX_DEPTH = 16;

const MAX_FILES = 1000;
const MAX_CHARACTERS = 64 * 1024 * 1024;

/** Reads files, and counts them and their size, so that what includes itself comes to an end. */
export class SquidFiles {
  readonly #include: IncludeFile | undefined;
  #files = 0;
  #characters = 0;

  constructor(include: IncludeFile | undefined) {
    this.#include = include;
  }

  /** @throws PaudeError `squid-invalid` when the file is not at hand, or all are too much. */
  read(path: string, place: Place): string {
    const text = this.#include?.(path);
    if (text === undefined) {
      throw squidError(
        place,
        `${path.slice(0, 200)} is not at hand`,
        'Import where it can be read, or put it in place',
      );
    }
    this.count(text, place);
    return text;
  }

  count(text: string, place: Place): void {
    this.#files++;
    this.#characters += text.length;
    if (this.#files > MAX_FILES)
      throw squidError(place, `more than ${MAX_FILES} files are included`, 'Include fewer');
    if (this.#characters > MAX_CHARACTERS) {
      throw squidError(place, 'it is larger than 64 MiB with what it includes', 'Import a smaller one');
    }
  }
}

/**
 * The directives of a squid.conf in order, those of included files where they are included.
 *
 * @throws PaudeError `squid-invalid` for what depends on squid's own process, and for includes that are not at hand.
 */
export function readDirectives(text: string, file: string, files: SquidFiles): Directive[] {
  files.count(text, { file, line: 0 });
  const directives: Directive[] = [];
  readFile(text, { file, depth: 0, files, directives });
  return directives;
}

interface Reading {
  readonly file: string;
  readonly depth: number;
  readonly files: SquidFiles;
  readonly directives: Directive[];
}

function readFile(text: string, reading: Reading): void {
  const { file, depth, files, directives } = reading;
  for (const { content, place } of logicalLines(text, file)) {
    const [name = '', ...values] = tokensOf(content);
    if (name === '') continue;
    if (name === 'if' || name === 'else' || name === 'endif') {
      throw squidError(place, 'it depends on a condition', 'Import a file without if, else and endif');
    }
    if (name === 'configuration_includes_quoted_values' && values[0] !== 'off') {
      throw squidError(place, 'quoted values are not read', 'Import a file that has no such line');
    }
    if (name !== 'include') {
      if (/\$[{(]/.test(content) && /^(?:acl|http_access)$/.test(name)) {
        throw squidError(place, 'a macro stands in it', 'Write what the macro stands for');
      }
      directives.push({ name, values, place });
      continue;
    }
    if (depth >= MAX_DEPTH)
      throw squidError(place, `files include files more than ${MAX_DEPTH} deep`, 'Include less deeply');
    for (const path of values) {
      readFile(files.read(path, place), { ...reading, file: path, depth: depth + 1 });
    }
  }
}

/** Lines as squid joins them: comments and empty lines inside of a continuation are skipped. */
function* logicalLines(text: string, file: string): Generator<{ content: string; place: Place }> {
  const pending: string[] = [];
  let start = 0;
  let line = 0;
  for (const raw of linesOf(text)) {
    line++;
    const content = raw.trimStart();
    if (content === '' || content.startsWith('#')) continue;
    if (pending.length === 0) start = line;
    const goesOn = content.endsWith('\\');
    pending.push(goesOn ? content.slice(0, -1) : content);
    if (goesOn) continue;
    yield { content: pending.join(''), place: { file, line: start } };
    pending.length = 0;
  }
  if (pending.length > 0) yield { content: pending.join(''), place: { file, line: start } };
}

function* linesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    const stop = end < 0 ? text.length : end;
    yield text.slice(start, stop).replace(/\r.*$/, '');
    start = stop + 1;
  }
}

function tokensOf(content: string): string[] {
  const tokens = content.trim().split(/\s+/);
  const comment = tokens.findIndex((token) => token.startsWith('#'));
  return comment < 0 ? tokens : tokens.slice(0, comment);
}

/** The values in a file that an ACL names: one a line, comments and empty lines left out. */
export function* fileValues(text: string, file: string): Generator<{ value: string; place: Place }> {
  let line = 0;
  for (const raw of linesOf(text)) {
    line++;
    const value = raw.trim();
    if (value !== '' && !value.startsWith('#')) yield { value, place: { file, line } };
  }
}
