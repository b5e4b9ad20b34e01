import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Where this program lies, with all that it loads: whoever could change that would be its next run.
 *
 * @param node The Node that runs it.
 */
export function ownPlaces(node: string): readonly string[] {
  const here = import.meta.dirname;
  const own = nearest(here, 'package.json') ?? here;
  const workspace = nearest(dirname(own), 'package-lock.json');
  // From its source it loads the other packages of the workspace, too; a bundle has all in it.
  const runsFromSource = workspace !== undefined && import.meta.filename.endsWith('.ts');
  const around = runsFromSource ? ['packages', 'node_modules'].map((name) => join(workspace, name)) : [];
  return [own, ...around, node];
}

/** The directory, or the nearest above it, that holds a file. */
function nearest(directory: string, file: string): string | undefined {
  if (existsSync(join(directory, file))) return directory;
  const above = dirname(directory);
  return above === directory ? undefined : nearest(above, file);
}
