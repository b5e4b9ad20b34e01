import { inspect } from 'node:util';
import type { Host } from '@paude/allowlist';
import type { Field, RequestHead } from '../request/request-head.ts';
import type { Injected } from './injector.ts';

const REDACTED = '[redacted]';

/** An injected request as an object that shows neither its fields nor its query, whoever prints it. */
export function injected(head: RequestHead, secrets: readonly string[], generation: number): Injected {
  return new HiddenInjection(new HiddenHead(head), secrets, generation);
}

class HiddenInjection implements Injected {
  readonly kind = 'injected';
  readonly head: HiddenHead;
  readonly secrets: readonly string[];
  readonly generation: number;

  constructor(head: HiddenHead, secrets: readonly string[], generation: number) {
    this.head = head;
    this.secrets = secrets;
    this.generation = generation;
  }

  toJSON(): object {
    const { kind, head, generation } = this;
    return { kind, head: head.toJSON(), secrets: REDACTED, generation };
  }

  [inspect.custom](): object {
    return this.toJSON();
  }
}

class HiddenHead implements RequestHead {
  readonly method: string;
  readonly host: Host;
  readonly port: number;
  readonly path: string;
  readonly fields: readonly Field[];

  constructor({ method, host, port, path, fields }: RequestHead) {
    this.method = method;
    this.host = host;
    this.port = port;
    this.path = path;
    this.fields = fields;
  }

  toJSON(): object {
    const { method, host, port, path, fields } = this;
    const names = fields.map(([name]) => name);
    return { method, host, port, path: path.replace(/\?.*$/s, `?${REDACTED}`), fields: names };
  }

  [inspect.custom](): object {
    return this.toJSON();
  }
}
