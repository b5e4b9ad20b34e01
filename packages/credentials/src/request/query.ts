/**
 * The values of a parameter in the query of a request target, decoded: every occurrence, under every spelling of the
 * name that a server may read as it (percent-encoded, in another case, `name[]`, behind a `;`).
 */
export function queryValues(path: string, name: string): string[] {
  return parametersOf(path)
    .filter((parameter) => parameter.key === queryKey(name))
    .map(({ value }) => value);
}

/** The request target without a parameter; all other bytes stay as they are. */
export function withoutQuery(path: string, name: string): string {
  const question = path.indexOf('?');
  if (question < 0) return path;
  const key = queryKey(name);
  const all = parametersOf(path);
  const kept = all.filter((parameter) => parameter.key !== key);
  if (kept.length === all.length) return path;
  const query = kept.map(({ separator, text }, index) => (index === 0 ? text : separator + text)).join('');
  return query === '' ? path.slice(0, question) : `${path.slice(0, question)}?${query}`;
}

/** The request target with a parameter exactly once, at the end of its query. */
export function withQuery(path: string, name: string, value: string): string {
  const bare = withoutQuery(path, name);
  const joint = !bare.includes('?') ? '?' : /[?&]$/.test(bare) ? '' : '&';
  return `${bare}${joint}${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
}

interface Parameter {
  /** What stands in front of it: nothing, `&` or `;`. */
  readonly separator: string;
  readonly text: string;
  readonly key: string;
  readonly value: string;
}

function parametersOf(path: string): Parameter[] {
  const question = path.indexOf('?');
  if (question < 0) return [];
  // Every second piece is a separator.
  const pieces = ['', ...path.slice(question + 1).split(/([&;])/)];
  const parameters: Parameter[] = [];
  for (let index = 0; index < pieces.length; index += 2) {
    const separator = pieces[index] ?? '';
    const text = pieces[index + 1] ?? '';
    const equals = text.indexOf('=');
    const key = queryKey(decode(equals < 0 ? text : text.slice(0, equals)));
    parameters.push({ separator, text, key, value: equals < 0 ? '' : decode(text.slice(equals + 1)) });
  }
  return parameters;
}

/**
 * What two spellings of one name have in common: `Key`, `key[]` and `key[0]` are `key`, and `api.key` and `api key` are
 * `api_key`, as PHP reads them.
 */
function queryKey(name: string): string {
  return name
    .trim()
    .replace(/[[\0].*$/s, '')
    .replace(/[. ]/g, '_')
    .toLowerCase();
}

/** Percent-decoding that never fails: what is not an escape stays as it is. */
function decode(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/(?:%[\da-f]{2})+/gi, (escapes) =>
      Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
    );
}
