/** One step of a JSON Patch (RFC 6902). */
export interface PatchStep {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: unknown;
}

/**
 * The steps from one JSON value to another. Lists of one length are compared item by item, others are replaced whole. What
 * differs is replaced as low down as it can be, so that a patch says what it is about.
 */
export function jsonPatch(from: unknown, to: unknown, path = ''): PatchStep[] {
  if (isList(from) && isList(to) && from.length === to.length) {
    return from.flatMap((item, index) => jsonPatch(item, to[index], `${path}/${index}`));
  }
  if (isRecord(from) && isRecord(to)) {
    const at = (key: string): string => `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const removed = Object.keys(from).filter((key) => !Object.hasOwn(to, key));
    return [
      ...removed.map((key): PatchStep => ({ op: 'remove', path: at(key) })),
      ...Object.entries(to).flatMap(([key, value]): PatchStep[] =>
        Object.hasOwn(from, key)
          ? jsonPatch(from[key], value, at(key))
          : [{ op: 'add', path: at(key), value }],
      ),
    ];
  }
  return from === to ? [] : [{ op: 'replace', path, value: to }];
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
