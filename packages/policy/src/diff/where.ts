import type { Rule } from '@paude/allowlist';
import type { Where } from './row.ts';

/** `KIND/NAME`, as readers of objects name what a rule comes from. A path of a file rarely begins so; then it is shown alike. */
const OBJECT = /^[A-Z][A-Za-z]+\/[^/]+$/;

/** Where a rule stands. */
export function whereOf(rule: Rule): Where {
  const { word, alias, file, line } = rule.source;
  const place = file === undefined ? `word ${word}` : line === undefined ? file : `${file}:${line}`;
  const isObject = file !== undefined && OBJECT.test(file);
  return {
    text: alias === undefined || alias === word ? place : `${place} (alias ${alias})`,
    ...(isObject ? { object: file } : file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(alias === undefined ? {} : { alias }),
  };
}

/** An object as a place. */
export function whereOfObject(object: string): Where {
  return { text: object, object };
}
