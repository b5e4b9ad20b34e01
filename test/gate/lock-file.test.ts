import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const file = fileURLToPath(new URL('../../package-lock.json', import.meta.url));
const lock = JSON.parse(await readFile(file, 'utf8')) as {
  packages: Readonly<Record<string, LockedPackage>>;
};
const packages = new Map(Object.entries(lock.packages));

/** The entry that Node would find for a dependency of the package at `path`. */
function find(path: string, name: string): LockedPackage | undefined {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    const found = packages.get(at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`);
    if (found !== undefined) return found;
    if (at === '') return undefined;
    // A workspace is no directory inside another node_modules.
    if (!at.includes('node_modules/')) at = '';
  }
}

describe('package-lock.json', () => {
  it('has no download addresses', () => {
    const addresses = [...packages].filter(([, { resolved }]) => resolved?.includes('://'));
    expect(addresses.map(([path]) => path)).toEqual([]);
  });

  it('has the packages of every platform, without which npm ci refuses it', () => {
    const missing = [...packages].flatMap(([path, { optionalDependencies = {} }]) =>
      Object.entries(optionalDependencies)
        .filter(([name, wanted]) => {
          const found = find(path, name);
          return found === undefined || (/^\d+\.\d+\.\d+$/.test(wanted) && found.version !== wanted);
        })
        .map(([name, wanted]) => `${name}@${wanted} of ${path}`),
    );
    expect(missing).toEqual([]);
  });
});
