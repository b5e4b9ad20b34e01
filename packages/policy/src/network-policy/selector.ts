/** A label selector as it was read; undefined stands for one that cannot be read. */
export type Selector = readonly Requirement[] | undefined;

interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
}

/** Whether something holds; undefined when that cannot be told. */
export type Known = boolean | undefined;

/** Reads a label selector (`matchLabels` and `matchExpressions`, all of which must hold). An empty one selects everything. */
export function readSelector(value: unknown): Selector {
  if (value === undefined || value === null) return [];
  if (!isRecord(value)) return undefined;
  const { matchLabels = {}, matchExpressions = [], ...others } = value;
  if (!isRecord(matchLabels ?? {}) || !Array.isArray(matchExpressions) || Object.keys(others).length > 0) {
    return undefined;
  }
  const requirements: (Requirement | undefined)[] = [
    ...Object.entries(matchLabels ?? {}).map(([key, label]) =>
      typeof label === 'string' ? ({ key, operator: 'In', values: [label] } as const) : undefined,
    ),
    ...matchExpressions.map(readExpression),
  ];
  const read = requirements.flatMap((requirement) => requirement ?? []);
  return read.length === requirements.length ? read : undefined;
}

function readExpression(value: unknown): Requirement | undefined {
  if (!isRecord(value) || typeof value.key !== 'string') return undefined;
  const { key, operator, values = [] } = value;
  if (operator !== 'In' && operator !== 'NotIn' && operator !== 'Exists' && operator !== 'DoesNotExist') {
    return undefined;
  }
  if (!Array.isArray(values) || values.some((item) => typeof item !== 'string')) return undefined;
  return { key, operator, values };
}

/** Whether a selector selects labels. As in Kubernetes `NotIn` also selects what has no such label. */
export function selects(selector: Selector, labels: Readonly<Record<string, string>>): Known {
  return selector?.every(({ key, operator, values }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    const isIn = value !== undefined && values.includes(value);
    return operator === 'In' ? isIn : !isIn;
  });
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
