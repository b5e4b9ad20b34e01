/**
 * A request target whose query means the same to everybody: `+`, which some take for a space and some for itself, as a
 * space.
 */
export function signedPath(path: string): string {
  const question = path.indexOf('?');
  if (question < 0) return path;
  return path.slice(0, question) + path.slice(question).replaceAll('+', '%20');
}

/** The parameters of a query, decoded, as the signature takes them. */
export function queryBag(path: string): Record<string, string | string[]> {
  // Without a prototype: a parameter may have the name of anything.
  const bag: Record<string, string | string[]> = Object.create(null);
  const question = path.indexOf('?');
  if (question < 0) return bag;
  for (const piece of path.slice(question + 1).split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = decode(equals < 0 ? piece : piece.slice(0, equals));
    const value = equals < 0 ? '' : decode(piece.slice(equals + 1));
    const before = bag[name];
    bag[name] = before === undefined ? value : [before, value].flat();
  }
  return bag;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
