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

/** Every value of a field, whatever the case of its name. */
export function fieldValues(fields: readonly Field[], name: string): string[] {
  const key = fieldKey(name);
  return fields.filter(([other]) => fieldKey(other) === key).map(([, value]) => value);
}

/** The fields without those of a name. */
export function withoutField(fields: readonly Field[], name: string): Field[] {
  const key = fieldKey(name);
  return fields.filter(([other]) => fieldKey(other) !== key);
}

/** The fields with exactly one of a name: where the first of them stood, or at the end. The name comes out in lower case. */
export function withField(fields: readonly Field[], name: string, value: string): Field[] {
  const key = fieldKey(name);
  const first = fields.findIndex(([other]) => fieldKey(other) === key);
  const rest = withoutField(fields, name);
  const at = first < 0 ? rest.length : first;
  return [...rest.slice(0, at), [name.toLowerCase(), value], ...rest.slice(at)];
}
