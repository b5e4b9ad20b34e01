import { isMap, liveList, liveMap, liveText } from './live.ts';

/**
 * Whether a label selector (meta/v1) selects these labels. An empty selector selects everything; undefined when it is no
 * selector, so that the caller can take the worse of both.
 */
export function selects(selector: unknown, labels: Readonly<Record<string, string>>): boolean | undefined {
  if (!isMap(selector)) return undefined;
  const { matchLabels, matchExpressions } = selector;
  if (matchLabels !== undefined && matchLabels !== null && !isMap(matchLabels)) return undefined;
  for (const [key, value] of Object.entries(liveMap(matchLabels)))
    if (labelOf(labels, key) !== value) return false;
  for (const expression of liveList(matchExpressions)) {
    const { key, operator, values } = liveMap(expression);
    const name = liveText(key);
    if (name === undefined) return undefined;
    const value = labelOf(labels, name);
    const isListed = value !== undefined && liveList(values).includes(value);
    if (operator === 'In' ? isListed : operator === 'NotIn' ? !isListed : undefined) continue;
    if (operator === 'Exists' ? value !== undefined : operator === 'DoesNotExist' && value === undefined)
      continue;
    return ['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(String(operator)) ? false : undefined;
  }
  return true;
}

/** Prefixes with which Cilium says where a label comes from. */
const SOURCES = ['k8s:', 'any:'];

/** `selects()` for the selectors of Cilium, whose labels may say that they are Kubernetes' own. */
export function ciliumSelects(
  selector: unknown,
  labels: Readonly<Record<string, string>>,
): boolean | undefined {
  if (!isMap(selector)) return undefined;
  const bare = (key: unknown): unknown => {
    const text = liveText(key);
    const source = SOURCES.find((prefix) => text?.startsWith(prefix));
    return source === undefined ? key : text?.slice(source.length);
  };
  const { matchLabels, matchExpressions } = selector;
  const entries = isMap(matchLabels)
    ? Object.fromEntries(Object.entries(matchLabels).map(([key, value]) => [String(bare(key)), value]))
    : matchLabels;
  const expressions = liveList(matchExpressions).map((expression) =>
    isMap(expression) ? { ...expression, key: bare(expression.key) } : expression,
  );
  return selects({ matchLabels: entries, matchExpressions: expressions }, labels);
}

function labelOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
