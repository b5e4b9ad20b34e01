import { nearest, PaudeError } from '@paude/errors';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { type HostEntry, type HostList, importLists, isHostEntry } from './host-lists.ts';
import { type Imported, Notes, type Place } from './imported.ts';

/** How an ACL file of smokescreen is to be read. */
export interface SmokescreenOptions {
  /** Its name, for messages. @default 'acl.yaml' */
  readonly file?: string;
  /** The service whose rules are meant. @default the default rule, or the only service there is */
  readonly service?: string;
}

const MAX_CHARACTERS = 16 * 1024 * 1024;

const TOP_KEYS = ['version', 'services', 'default', 'global_allow_list', 'global_deny_list'];
const RULE_KEYS = ['name', 'project', 'action', 'allowed_domains', 'mitm_domains'];

/**
 * Makes an allowlist of an ACL file of smokescreen: for one service its `allowed_domains`, then the global lists, then what
 * `action` says. There `*.example.com` is every name below example.com, and every port is allowed. What `report` only
 * reports is left out.
 *
 * @throws PaudeError `smokescreen-invalid`.
 */
export function importSmokescreen(text: string, options: SmokescreenOptions = {}): Imported {
  const { file = 'acl.yaml', service } = options;
  return new SmokescreenImport(text, file).run(service);
}

class SmokescreenImport {
  readonly #notes = new Notes();
  readonly #lines = new LineCounter();
  readonly #file: string;
  readonly #top: YAMLMap;

  constructor(text: string, file: string) {
    this.#file = file;
    if (text.length > MAX_CHARACTERS)
      throw this.#error(0, 'it is larger than 16 MiB', 'Import a smaller one');
    // Aliases are not resolved, so that a small text stays small.
    const document = parseDocument(text, { lineCounter: this.#lines, uniqueKeys: true, logLevel: 'silent' });
    const [problem] = document.errors;
    if (problem !== undefined) {
      const reason = problem.message.split('\n')[0]?.slice(0, 200) ?? '';
      throw this.#error(this.#lines.linePos(problem.pos[0]).line, `it is not YAML (${reason})`, 'Correct it');
    }
    if (!isMap(document.contents))
      throw this.#error(0, 'it is no ACL of smokescreen', 'Import a file that has services');
    this.#top = document.contents;
  }

  run(service: string | undefined): Imported {
    this.#checkKeys(this.#top, TOP_KEYS);
    const version = this.#text(this.#top, 'version');
    if (version !== undefined && version !== 'v1')
      throw this.#error(0, 'its version is not v1', 'Import an ACL of version v1');
    const rule = this.#rule(service);
    this.#checkKeys(rule, RULE_KEYS);
    const lists: HostList[] = [
      { effect: 'allow', entries: this.#entries(rule, 'allowed_domains') },
      { effect: 'deny', entries: this.#entries(this.#top, 'global_deny_list') },
      { effect: 'allow', entries: this.#entries(this.#top, 'global_allow_list') },
    ];
    if (this.#action(rule) === 'open')
      lists.push({ effect: 'allow', entries: [{ host: '*', place: this.#place(rule) }] });
    return importLists(lists, this.#notes, this.#file);
  }

  #action(rule: YAMLMap): string {
    const action = this.#text(rule, 'action') ?? '';
    const node = rule.get('action', true);
    const place = node === undefined ? this.#place(rule) : this.#place(node);
    if (action === 'report') {
      const why = 'action report lets everything through and reports it; only the lists are taken';
      this.#notes.add('narrowed', place, why, 'Run with --report-only to report and not to refuse');
    } else if (action === 'open') {
      this.#notes.add('wide', place, 'action open allows every host', 'Name the hosts that are needed');
    } else if (action !== 'enforce') {
      const why = `${JSON.stringify(action.slice(0, 60))} is no action`;
      throw this.#error(place.line, why, 'Write enforce, report or open');
    }
    return action;
  }

  /** The rule of a service; smokescreen has the default for services that it does not know. */
  #rule(service: string | undefined): YAMLMap {
    const services = this.#top.get('services', true);
    if (!isSeq(services))
      throw this.#error(0, 'its list services is missing', 'Import an ACL of smokescreen');
    const rules = services.items.filter((item) => isMap(item));
    const names = rules.map((rule) => this.#text(rule, 'name') ?? '');
    const fallback = this.#top.get('default', true);
    const found = service === undefined ? undefined : rules[names.indexOf(service)];
    if (found !== undefined) return found;
    if (isMap(fallback)) {
      if (service !== undefined) {
        const why = `there is no service ${service.slice(0, 60)}, and so the default is taken`;
        this.#notes.add('assumed', this.#place(fallback), why, this.#remedy(service, names));
      }
      return fallback;
    }
    const [only, ...others] = rules;
    if (service === undefined && only !== undefined && others.length === 0) return only;
    const why =
      service === undefined
        ? 'it has no default and not just one service'
        : `it has no service ${service.slice(0, 60)}, and no default`;
    throw this.#error(0, why, this.#remedy(service, names));
  }

  #remedy(service: string | undefined, names: readonly string[]): string {
    const meant = service === undefined ? undefined : nearest(service, names);
    return meant === undefined
      ? `Name a service: ${names.slice(0, 20).join(', ')}`
      : `Did you mean ${meant}?`;
  }

  #entries(map: YAMLMap, key: string): HostEntry[] {
    const list = map.get(key, true);
    if (list === undefined || (isScalar(list) && list.value === null)) return [];
    if (!isSeq(list))
      throw this.#error(this.#place(list).line, `${key} is no list`, 'Write a list of domains');
    return list.items.map((item) => {
      const value = isScalar(item) ? item.value : undefined;
      const place = this.#place(item as Node);
      if (typeof value === 'string' && value !== '*' && isHostEntry(value)) return { host: value, place };
      const why = `an entry of ${key} is no domain`;
      throw this.#error(place.line, why, 'Write it as in example.com or "*.example.com"');
    });
  }

  #checkKeys(map: YAMLMap, known: readonly string[]): void {
    for (const { key } of map.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (known.includes(name)) continue;
      const meant = nearest(name, known);
      const remedy =
        meant === undefined ? 'Look whether it denies something' : `Write ${meant} if that was meant`;
      this.#notes.add('unread', this.#place(key as Node), `${name.slice(0, 60)} is not known here`, remedy);
    }
  }

  #text(map: YAMLMap, key: string): string | undefined {
    const value = map.get(key);
    return typeof value === 'string' ? value : undefined;
  }

  #place(node: Node): Place {
    return { file: this.#file, line: this.#lines.linePos(node.range?.[0] ?? 0).line };
  }

  #error(line: number, why: string, remedy: string): PaudeError {
    const input = line === 0 ? this.#file : `${this.#file}:${line}`;
    return new PaudeError('smokescreen-invalid', {
      action: 'import the ACL of smokescreen',
      input,
      why,
      remedy,
    });
  }
}
