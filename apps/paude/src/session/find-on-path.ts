import { accessSync, constants } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** The program of that name that a shell would start; undefined when there is none. Relative directories do not count. */
export function findOnPath(name: string, path = ''): string | undefined {
  const places = path
    .split(':')
    .filter(isAbsolute)
    .map((directory) => join(directory, name));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
