import type { Host } from '@paude/allowlist';

/** A header field as it goes out. */
export type Field = readonly [name: string, value: string];

/** The head of a request inside an intercepted connection. */
export interface RequestHead {
  readonly method: string;
  /** The host of the CONNECT, never that of a Host field. */
  readonly host: Host;
  readonly port: number;
  /** The request target in origin form: path and query, as it came. */
  readonly path: string;
  /** In the order they go out, without hop-by-hop fields and HTTP/2 pseudo-fields; names in any case. */
  readonly fields: readonly Field[];
}

/**
 * A field's name as servers compare it. Gateways that hand fields on as variables (CGI, WSGI) make `-` and `_` the same,
 * so a credential under `x_api_key` is one under `x-api-key`.
 */
function fieldKey(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

/** Whether a field has the name of this key. Neither letters nor `-` change their length. */
function hasKey(name: string, key: string): boolean {
  return name.length === key.length && fieldKey(name) === key;
}

/** Every value of a field, whatever the case of its name. */
export function fieldValues(fields: readonly Field[], name: string): string[] {
  const key = fieldKey(name);
  const values: string[] = [];
  for (const [other, value] of fields) {
    if (hasKey(other, key)) values.push(value);
  }
  return values;
}

/** The fields without those of a name. */
export function withoutField(fields: readonly Field[], name: string): Field[] {
  const key = fieldKey(name);
  return fields.filter(([other]) => !hasKey(other, key));
}

/** The fields with exactly one of a name: where the first of them stood, or at the end. The name comes out in lower case. */
export function withField(fields: readonly Field[], name: string, value: string): Field[] {
  const key = fieldKey(name);
  const field: Field = [name.toLowerCase(), value];
  const ready: Field[] = [];
  let isPlaced = false;
  for (const other of fields) {
    if (!hasKey(other[0], key)) ready.push(other);
    else if (!isPlaced) {
      ready.push(field);
      isPlaced = true;
    }
  }
  if (!isPlaced) ready.push(field);
  return ready;
}
