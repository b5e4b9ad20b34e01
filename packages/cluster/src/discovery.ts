import { AnswerFailure } from './answer-failure.ts';
import { isRecord, type KindReference } from './object.ts';
import type { Transport } from './transport.ts';

/** How the API server calls a kind in its paths. */
export interface Resource extends KindReference {
  /** `networkpolicies` */
  readonly plural: string;
  readonly isNamespaced: boolean;
  /** `networkpolicies.networking.k8s.io`, as people and RBAC write it. */
  readonly fullName: string;
  /** `/apis/networking.k8s.io/v1` */
  readonly root: string;
}

/** `v1`, `networking.k8s.io/v1`: nothing that would lead to another path. */
const API_VERSION = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[a-z0-9]+$/;

/** What the server serves, asked once a version and remembered. */
export class Discovery {
  readonly #transport: Transport;
  readonly #served = new Map<string, Promise<readonly Resource[]>>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * The resource of a kind; undefined when the server has none. A kind that was not there is asked for again: its
   * definition may have been installed meanwhile.
   */
  async resource(kind: KindReference): Promise<Resource | undefined> {
    const find = (resources: readonly Resource[]) =>
      resources.find((candidate) => candidate.kind === kind.kind);
    const remembered = this.#served.get(kind.apiVersion);
    const known = remembered === undefined ? undefined : find(await remembered);
    if (known !== undefined) return known;
    return find(await this.#ask(kind.apiVersion));
  }

  /** The groups that the server serves besides the core, each with its versions, the preferred one first. */
  async groups(): Promise<ReadonlyMap<string, readonly string[]>> {
    const answer = await this.#transport.request({ method: 'GET', path: '/apis' });
    const groups = isRecord(answer) && Array.isArray(answer.groups) ? answer.groups.filter(isRecord) : [];
    return new Map(groups.map((group) => [String(group.name), versionsOf(group)]));
  }

  #ask(apiVersion: string): Promise<readonly Resource[]> {
    const asked = this.#read(apiVersion);
    this.#served.set(apiVersion, asked);
    // What failed is not remembered.
    asked.catch(() => this.#served.delete(apiVersion));
    return asked;
  }

  async #read(apiVersion: string): Promise<readonly Resource[]> {
    if (!API_VERSION.test(apiVersion)) return [];
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    try {
      const answer = await this.#transport.request({ method: 'GET', path: root });
      const resources =
        isRecord(answer) && Array.isArray(answer.resources) ? answer.resources.filter(isRecord) : [];
      return resources.flatMap((entry) => readResource(entry, apiVersion, root));
    } catch (error) {
      if (error instanceof AnswerFailure && error.code === 404) return [];
      throw error;
    }
  }
}

/** Subresources (`pods/log`) are no kinds of their own. */
function readResource(
  entry: Readonly<Record<string, unknown>>,
  apiVersion: string,
  root: string,
): readonly Resource[] {
  const { name, kind, namespaced } = entry;
  if (typeof name !== 'string' || typeof kind !== 'string' || name.includes('/')) return [];
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const fullName = group === '' ? name : `${name}.${group}`;
  return [{ apiVersion, kind, plural: name, isNamespaced: namespaced === true, fullName, root }];
}

function versionsOf(group: Readonly<Record<string, unknown>>): readonly string[] {
  const preferred = isRecord(group.preferredVersion) ? group.preferredVersion.groupVersion : undefined;
  const versions = Array.isArray(group.versions)
    ? group.versions.filter(isRecord).map(({ groupVersion }) => String(groupVersion))
    : [];
  return typeof preferred === 'string'
    ? [preferred, ...versions.filter((version) => version !== preferred)]
    : versions;
}
