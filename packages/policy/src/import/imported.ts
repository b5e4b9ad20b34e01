import { type Allowlist, mergeAllowlists, parseWords } from '@paude/allowlist';

/** Where something stands in what was imported. */
export interface Place {
  readonly file: string;
  /** Counted from 1; 0 for the file as a whole. */
  readonly line: number;
}

/**
 * `narrowed`: the source allows more than the words do. `wide`: the words open much, or more than the source looks like.
 * `unread`: something that may matter was not read. `assumed`: what had to be taken for granted.
 */
export type ImportNoteKind = 'narrowed' | 'wide' | 'unread' | 'assumed';

/** What a person should know about an import. */
export interface ImportNote extends Place {
  readonly kind: ImportNoteKind;
  /** One clause, without a full stop. */
  readonly message: string;
  /** What to do, without a full stop. */
  readonly remedy: string;
}

/** One word, and where the first thing stands that it comes from. */
export interface ImportedEntry extends Place {
  readonly word: string;
}

/** An allowlist made of another program's configuration. No entries allow nothing. */
export interface Imported {
  readonly entries: readonly ImportedEntry[];
  /** In the order of their places. */
  readonly notes: readonly ImportNote[];
}

/** The allowlist that was imported; its rules name the file and line that they come from. */
export function importedAllowlist({ entries }: Imported): Allowlist {
  return mergeAllowlists(
    entries.map(({ word, file, line }) => parseWords([word], { source: { file, line } })),
  );
}

/** Collects notes, each once. */
export class Notes {
  readonly #notes = new Map<string, ImportNote>();

  add(kind: ImportNoteKind, { file, line }: Place, message: string, remedy: string): void {
    const note: ImportNote = { kind, file, line, message, remedy };
    const key = JSON.stringify([kind, file, line, message]);
    if (!this.#notes.has(key)) this.#notes.set(key, note);
  }

  /** In the order of their lines; files in the order in which they were first named. */
  list(): ImportNote[] {
    const files = [...new Set([...this.#notes.values()].map(({ file }) => file))];
    return [...this.#notes.values()].sort(
      (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line,
    );
  }
}
