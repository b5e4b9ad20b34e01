import { parseHost } from '@paude/allowlist';
import type { Field, RequestHead } from '../request/request-head.ts';

/** A request head for tests; what is not said is plain. */
export function request(parts: {
  readonly method?: string;
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  readonly fields?: readonly Field[];
}): RequestHead {
  const { method = 'GET', host = 'api.example.com', port = 443, path = '/', fields = [] } = parts;
  return { method, host: parseHost(host), port, path, fields };
}

/** The value of `Authorization: Basic` for a user and a password. */
export function basic(pair: string): string {
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}
