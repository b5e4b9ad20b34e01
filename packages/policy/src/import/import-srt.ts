import { nearest, PaudeError } from '@paude/errors';
import { type HostEntry, importLists, isHostEntry } from './host-lists.ts';
import { type Imported, Notes, type Place } from './imported.ts';

/** How settings of srt are to be read. */
export interface SrtOptions {
  /** Their file's name, for messages. @default 'srt-settings.json' */
  readonly file?: string;
}

const MAX_CHARACTERS = 16 * 1024 * 1024;
const MAX_ENTRIES = 200_000;

/** Keys of the network section that say which hosts may be reached. */
const KEYS = ['allowedDomains', 'deniedDomains', 'allowAllDomains'] as const;

/** Keys that say other things. */
const OTHER_KEYS = [
  ...[
    'deniedDomainReasons',
    'strictAllowlist',
    'allowUnixSockets',
    'allowAllUnixSockets',
    'allowLocalBinding',
  ],
  ...['allowMachLookup', 'httpProxyPort', 'socksProxyPort', 'mitmProxy', 'tlsTerminate', 'parentProxy'],
];

/**
 * Makes an allowlist of the settings of srt (sandbox-runtime): `network.allowedDomains` and `network.deniedDomains`, of
 * which a deny wins; also under `sandbox`, as in the settings of Claude Code. There `*.example.com` is every name below
 * example.com, and an entry without a port is for every port.
 *
 * @throws PaudeError `srt-invalid`.
 */
export function importSrt(text: string, options: SrtOptions = {}): Imported {
  const { file = 'srt-settings.json' } = options;
  const notes = new Notes();
  const network = networkOf(text, file);
  const lines = new LineFinder(text, file);
  for (const key of Object.keys(network)) {
    if ([...KEYS, ...OTHER_KEYS].includes(key)) continue;
    const meant = nearest(key, KEYS);
    const remedy =
      meant === undefined ? 'Look whether it denies something' : `Write ${meant} if that was meant`;
    notes.add('unread', lines.of(key), `network.${key.slice(0, 60)} is not known here`, remedy);
  }
  const denied = entriesOf(network, 'deniedDomains', { lines, file });
  const allowed = entriesOf(network, 'allowedDomains', { lines, file });
  if (network.allowAllDomains === true) {
    const place = lines.of('allowAllDomains');
    notes.add('wide', place, 'every host is allowed', 'Name the hosts that are needed');
    allowed.push({ host: '*', place });
  } else if (network.allowAllDomains !== undefined && network.allowAllDomains !== false) {
    throw srtError(file, 'network.allowAllDomains takes true or false', 'Correct it');
  }
  return importLists(
    [
      { effect: 'deny', entries: denied },
      { effect: 'allow', entries: allowed },
    ],
    notes,
    file,
  );
}

type Section = Readonly<Record<string, unknown>>;

function networkOf(text: string, file: string): Section {
  if (text.length > MAX_CHARACTERS) throw srtError(file, 'it is larger than 16 MiB', 'Import a smaller one');
  let settings: unknown;
  try {
    settings = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 200) : String(error);
    throw srtError(file, `it is not JSON (${why})`, 'Correct it');
  }
  if (!isSection(settings)) throw srtError(file, 'it is no object', 'Import the settings file of srt');
  const { sandbox, network = isSection(sandbox) ? sandbox.network : undefined } = settings;
  if (isSection(network)) return network;
  throw srtError(
    file,
    'it has no section network',
    'Import the settings file of srt, with network.allowedDomains',
  );
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entriesOf(
  network: Section,
  key: 'allowedDomains' | 'deniedDomains',
  { lines, file }: { readonly lines: LineFinder; readonly file: string },
): HostEntry[] {
  const list = network[key] ?? [];
  if (!Array.isArray(list)) throw srtError(file, `network.${key} is no list`, 'Write a list of domains');
  if (list.length > MAX_ENTRIES)
    throw srtError(file, `network.${key} has more than ${MAX_ENTRIES} entries`, 'Name fewer');
  lines.moveTo(key);
  return list.map((written: unknown) => {
    const entry = typeof written === 'string' ? readEntry(written, lines.next(written)) : undefined;
    if (entry !== undefined) return entry;
    const place = typeof written === 'string' ? lines.of(written) : { file, line: 0 };
    const shown = JSON.stringify(written)?.slice(0, 100) ?? 'an entry';
    const why = `${shown} in network.${key} is no domain`;
    throw srtError(
      `${place.file}:${place.line}`,
      why,
      'Write it as in example.com, *.example.com or example.com:443',
    );
  });
}

/** `host`, `*.host`, `host:port`, `[address]:port`, or `*`. */
function readEntry(written: string, place: Place): HostEntry | undefined {
  const parts = /^(\[[\da-f:.]+\]|[^:[\]]+)(?::([1-9]\d{0,4}))?$/i.exec(written);
  const [, host = '', portText] = parts ?? [];
  const port = portText === undefined ? undefined : Number(portText);
  if (!isHostEntry(host) || (port ?? 1) > 65535) return undefined;
  return { host, port, place };
}

/** Finds the lines of entries, which JSON.parse() does not tell: each is looked for behind the one before it. */
class LineFinder {
  readonly #text: string;
  readonly #file: string;
  #offset = 0;
  #counted = 0;
  #line = 1;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  moveTo(key: string): void {
    this.#offset = Math.max(0, this.#text.indexOf(JSON.stringify(key)));
    this.#counted = 0;
    this.#line = 1;
  }

  next(value: string): Place {
    const found = this.#text.indexOf(JSON.stringify(value), this.#offset);
    // Written with escapes of its own, it is not found, and counts as being where the one before it is.
    if (found >= 0) this.#offset = found + 1;
    for (; this.#counted < this.#offset; this.#counted++)
      if (this.#text.charCodeAt(this.#counted) === 10) this.#line++;
    return { file: this.#file, line: this.#line };
  }

  of(value: string): Place {
    const found = this.#text.indexOf(JSON.stringify(value));
    return { file: this.#file, line: found < 0 ? 0 : this.#text.slice(0, found).split('\n').length };
  }
}

function srtError(input: string, why: string, remedy: string): PaudeError {
  return new PaudeError('srt-invalid', { action: 'import the settings of srt', input, why, remedy });
}
