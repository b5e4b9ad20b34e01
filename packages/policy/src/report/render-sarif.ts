import type { RowDocument } from './report-documents.ts';

/** What SARIF calls the levels of its results. */
const LEVELS = { high: 'error', medium: 'warning', low: 'note', none: 'note' } as const;

/** What each change is, for the list of rules. */
const CHANGES: Readonly<Record<RowDocument['change'], string>> = {
  added: 'Something is allowed that was not',
  removed: 'Something is no longer allowed',
  widened: 'A rule has become wider, or a deny was taken away',
  narrowed: 'A rule has become narrower, or a deny was added',
  unused: 'Something is allowed that nobody uses',
  denied: 'Something was asked for and refused',
  unenforced: 'What should hold the traffic is missing, has failed or is weaker than it claims',
  undecided: 'Rules could not be compared',
};

/** Rows as a log for code scanning: SARIF 2.1.0 (OASIS). */
export function sarifLog(rows: readonly RowDocument[], version: string): unknown {
  const rules = new Map<string, RowDocument['change']>();
  for (const { code, change } of rows) if (!rules.has(code)) rules.set(code, change);
  const ids = [...rules.keys()].sort();
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'paude',
            version,
            rules: ids.map((id) => ({
              id,
              shortDescription: { text: CHANGES[rules.get(id) ?? 'undecided'] },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: rows.map((row) => resultOf(row, ids.indexOf(row.code))),
      },
    ],
  };
}

function resultOf(row: RowDocument, ruleIndex: number): unknown {
  const { code, risk, why, remedy, change, rule, layer, witness, count, ports } = row;
  return {
    ruleId: code,
    ruleIndex,
    level: LEVELS[risk],
    message: { text: messageText(remedy === undefined ? why : `${why} ${remedy}.`) },
    locations: locationsOf(row),
    partialFingerprints: { 'paudePolicy/v1': fingerprint(row) },
    properties: {
      change,
      risk,
      rule,
      layer,
      ports,
      ...(witness === undefined ? {} : { witness }),
      ...(count === undefined ? {} : { count }),
    },
  };
}

/** Brackets would make a link of text that came from anywhere, and a number in braces a placeholder (SARIF 3.11.5, 3.11.6). */
function messageText(text: string): string {
  return text.replace(/[\\[\]]/g, (character) => `\\${character}`).replace(/\{(\d+)\}/g, '{{$1}}');
}

function locationsOf({ from, to }: RowDocument): unknown[] {
  return [to, from].flatMap((where) => {
    if (where === undefined) return [];
    const { file, line, object } = where;
    if (file === undefined && object === undefined) return [];
    return [
      {
        ...(file === undefined
          ? {}
          : {
              physicalLocation: {
                artifactLocation: { uri: uriOf(file) },
                ...(line === undefined ? {} : { region: { startLine: line } }),
              },
            }),
        ...(object === undefined
          ? {}
          : { logicalLocations: [{ fullyQualifiedName: object, kind: 'resource' }] }),
      },
    ];
  });
}

/** A path as a URI reference; a source that is no file (`log:x`) keeps its name, escaped. */
function uriOf(file: string): string {
  const path = file
    .replace(/^(?:file|log|squid):/, '')
    .replaceAll('\\', '/')
    .split('/')
    // A lone surrogate has no encoding.
    .map((part) => encodeURIComponent(part.toWellFormed()))
    .join('/');
  return path.startsWith('/') ? `file://${path}` : path;
}

/** The same from run to run, as long as it is the same finding: no line numbers, no wording, no counts. */
function fingerprint({ change, code, rule, layer, from, to }: RowDocument): string {
  const place = [from, to].map((where) => where?.object ?? where?.file ?? '');
  return hash64([change, code, layer, rule, ...place].join('\0'));
}

/** FNV-1a, 64 bits, in hexadecimal. */
function hash64(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}
