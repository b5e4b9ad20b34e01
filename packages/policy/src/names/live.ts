import { type Cidr, formatAddress, parseAddress, parseCidr } from '@paude/allowlist';

/** A part of a live object: whatever a cluster or a file holds. Nothing here throws, whatever it is given. */
export type Live = Readonly<Record<string, unknown>>;

/** The mapping that a value is; empty when it is none. */
export function liveMap(value: unknown): Live {
  return isMap(value) ? value : {};
}

/** Whether a value is a mapping. */
export function isMap(value: unknown): value is Live {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The list that a value is; empty when it is none. */
export function liveList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The text that a value is; undefined when it is none. */
export function liveText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A TCP port that a value is, also one in quotes; undefined when it is none. */
export function livePort(value: unknown): number | undefined {
  const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65535 ? port : undefined;
}

/** A name for messages: `KIND/NAME`. */
export function liveName(object: { readonly kind: unknown; readonly metadata?: unknown }): string {
  return `${String(object.kind)}/${liveText(liveMap(object.metadata).name) ?? ''}`;
}

/** The range that a value is, with bits behind its prefix dropped, as clusters do; undefined when it is none. */
export function liveCidr(value: unknown): Cidr | undefined {
  const match = typeof value === 'string' ? /^([\d.a-fA-F:]{2,45})\/(\d{1,3})$/.exec(value) : null;
  const address = parseAddress(match?.[1] ?? '');
  const prefix = Number(match?.[2]);
  if (match === null || address === undefined || prefix > (address.family === 4 ? 32 : 128)) return undefined;
  const bits = (index: number) => Math.min(32, Math.max(0, prefix - index * 32));
  const kept = (word: number, index: number) =>
    Math.floor(word / 2 ** (32 - bits(index))) * 2 ** (32 - bits(index));
  const [first, second, third, last] = address.words;
  const words = [kept(first, 0), kept(second, 1), kept(third, 2), kept(last, 3)] as const;
  return parseCidr(`${formatAddress({ family: address.family, words })}/${prefix}`);
}
