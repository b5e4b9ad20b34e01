import { inspect } from 'node:util';
import type { Field, RequestHead } from '../request/request-head.ts';
import type { Injected } from './injector.ts';

const REDACTED = '[redacted]';

/** An injected request as an object that shows neither its fields nor its query, whoever prints it. */
export function injected(head: RequestHead, secrets: readonly string[], generation: number): Injected {
  return hidden(
    { kind: 'injected', head: hidden({ ...head }, shownHead(head)), secrets, generation } as const,
    { kind: 'injected', head: shownHead(head), secrets: REDACTED, generation },
  );
}

function shownHead(head: RequestHead): object {
  const { method, host, port, path, fields } = head;
  const names = fields.map(([name]: Field) => name);
  return { method, host, port, path: path.replace(/\?.*$/s, `?${REDACTED}`), fields: names };
}

/** The object with another one in its place for `util.inspect` and `JSON.stringify`. */
function hidden<T extends object>(object: T, shown: object): T {
  Object.defineProperty(object, inspect.custom, { value: () => shown });
  Object.defineProperty(object, 'toJSON', { value: () => shown });
  return object;
}
