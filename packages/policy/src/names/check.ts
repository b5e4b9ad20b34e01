import type { Diagnostic } from '../model/diagnostic.ts';
import { isMap, type Live, liveList, liveMap, liveText } from './live.ts';

/** Notes what is wrong with an object before it is sent. */
export class ObjectCheck {
  readonly faults: Diagnostic[] = [];
  readonly #prefix: string;
  readonly #kind: string;
  readonly #object: string | undefined;

  constructor(prefix: string, object: Live) {
    this.#prefix = prefix;
    this.#kind = liveText(object.kind) ?? '';
    this.#object = liveText(liveMap(object.metadata).name);
  }

  /** `field` is where it stands: `spec.egress[0].to`. */
  fault(field: string, why: string, remedy: string): void {
    const fault = {
      code: `${this.#prefix}-invalid`,
      effect: 'note',
      severity: 'error',
      kind: this.#kind,
      message: `${field} ${why}`,
      remedy,
    } as const;
    // A hostile object can have as many faults as it likes; nobody reads more than these.
    if (this.faults.length < 50)
      this.faults.push(this.#object === undefined ? fault : { ...fault, object: this.#object });
  }

  /** Metadata that every kind shares: a name that may be one, labels that may be labels. */
  metadata(object: Live): void {
    const { name, labels } = liveMap(object.metadata);
    const text = liveText(name);
    if (text === undefined || text.length > 253 || !/^[a-z\d]([a-z\d.-]*[a-z\d])?$/.test(text)) {
      this.fault(
        'metadata.name',
        'is no name of an object',
        'Use lower-case letters, digits, hyphens and dots',
      );
    }
    for (const [key, value] of Object.entries(liveMap(labels))) {
      const isValue = typeof value === 'string' && value.length <= 63;
      if (isValue && /^([A-Za-z\d]([A-Za-z\d._-]*[A-Za-z\d])?)?$/.test(value) && isLabelKey(key)) continue;
      this.fault(
        `metadata.labels[${JSON.stringify(key.slice(0, 80))}]`,
        'is no label',
        'Use at most 63 letters, digits, hyphens, underscores and dots',
      );
    }
  }

  /** A list with at least and at most so many items; anything else is a fault, and then there are none. */
  list(value: unknown, field: string, { min = 0, max = Number.POSITIVE_INFINITY } = {}): readonly unknown[] {
    if (value === undefined && min === 0) return [];
    if (!Array.isArray(value)) this.fault(field, 'is no list', 'Write a list there');
    else if (value.length < min) this.fault(field, 'is empty', 'Name at least one, or leave the object out');
    else if (value.length > max) {
      this.fault(
        field,
        `has ${value.length} items of at most ${max}`,
        'Allow fewer, or leave some to the proxy',
      );
    }
    return liveList(value);
  }

  /** A mapping with exactly one of these keys and no others. */
  oneOf(value: unknown, field: string, keys: readonly string[]): Live {
    const map = liveMap(value);
    const present = Object.keys(map);
    if (!isMap(value) || present.length !== 1 || !keys.includes(present[0] ?? '')) {
      this.fault(field, `must have exactly one of ${keys.join(', ')}`, 'Write one of them');
    }
    return map;
  }

  /** Only these keys: the API server's strict validation refuses others. */
  keys(value: unknown, field: string, keys: readonly string[]): Live {
    const map = liveMap(value);
    if (!isMap(value)) this.fault(field, 'is no mapping', 'Write a mapping there');
    for (const key of Object.keys(map)) {
      if (!keys.includes(key))
        this.fault(`${field}.${key.slice(0, 80)}`, 'is not known', `Use ${keys.join(', ')}`);
    }
    return map;
  }

  /** A text that matches. */
  text(value: unknown, field: string, pattern: RegExp, remedy: string, maxLength = 253): string {
    const text = liveText(value);
    if (text === undefined || text.length > maxLength || !pattern.test(text)) {
      this.fault(
        field,
        text === undefined ? 'is no text' : `is ${JSON.stringify(text.slice(0, 80))}`,
        remedy,
      );
    }
    return text ?? '';
  }

  /** A port number from 1 to 65535. */
  port(value: unknown, field: string): void {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65535) return;
    this.fault(field, 'is no port', 'Write a number from 1 to 65535');
  }
}

function isLabelKey(key: string): boolean {
  return /^([a-z\d]([a-z\d.-]{0,251}[a-z\d])?\/)?[A-Za-z\d]([A-Za-z\d._-]{0,61}[A-Za-z\d])?$/.test(key);
}
