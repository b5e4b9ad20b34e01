import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DEFAULT_ROUTES, loadRoutes } from '@paude/credentials';
import { REASONS, readCredentialsFile } from '@paude/proxy';
import { describe, expect, it } from 'vitest';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { codeIn, tableOf } from './tables.ts';

const file = fileURLToPath(new URL('../../docs/credentials.md', import.meta.url));
const document = await readFile(file, 'utf8');
const blocks = [...document.matchAll(/^```(?:yaml|json)\n(.*?)^```$/gms)].map(([, text = '']) => text);

/** The routes that a file with this content has. */
async function routesOf(text: string) {
  const home = untilTestEnds(await temporaryDirectory('credentials-document'));
  const written = await readCredentialsFile(await home.write('credentials.yaml', text));
  // An entry in the form of the established image counts only when its variable is set.
  const environment = Object.fromEntries(
    [...text.matchAll(/"env_var": "(\w+)"/g)].map(([, name]) => [name, '/x']),
  );
  return { written, specs: loadRoutes({ written, environment, defaults: false }) };
}

describe('docs/credentials.md', () => {
  it.each(blocks.map((text, index) => [index + 1, text] as const))(
    'has an example %i that is read',
    async (_, text) => {
      const { specs } = await routesOf(text);
      expect(specs.length).toBe([...text.matchAll(/^ *- name:|"name": "models"|"env_var"/gm)].length);
    },
  );

  it('lists the keys of a route, those of its first example', async () => {
    const { written } = await routesOf(blocks[0] ?? '');
    const [route] = (written as { credentials: object[] }).credentials;
    const keys = tableOf(document, ['key', 'meaning', 'default']).flatMap((row) => codeIn(row[0]));
    expect(keys).toEqual(Object.keys(route ?? {}));
    // Another key is refused with a list of all.
    const other = [{ ...route, zzz: 1 }];
    expect(() => loadRoutes({ written: other, environment: {} })).toThrow(`Use ${keys.join(', ')}.`);
  });

  it('lists the injectors', () => {
    const types = tableOf(document, ['type', 'what goes on the request']).flatMap((row) => codeIn(row[0]));
    const written = [{ name: 'x', from: { env: 'X' }, inject: { type: 'zzz' }, hosts: ['x.example.com'] }];
    expect(() => loadRoutes({ written, environment: {} })).toThrow(`with one of ${types.join(', ')}.`);
  });

  it('has the default routes, with their variables and hosts', () => {
    const rows = tableOf(document, ['route', 'variable', 'hosts']);
    const documented = rows.map((row) => [0, 1, 2].map((column) => codeIn(row[column])));
    const expected = DEFAULT_ROUTES.map(({ sources, route: { name, hosts, pathPrefix } }) => [
      [name],
      sources.map((source) => ('env' in source ? source.env : source.fileIn)),
      [...hosts, ...(pathPrefix === undefined ? [] : [pathPrefix])],
    ]);
    expect(documented.toSorted()).toEqual(expected.toSorted());
    const anthropic = DEFAULT_ROUTES.filter(({ route }) => route.hosts.includes('api.anthropic.com'))
      .toSorted((a, b) => (a.route.order ?? 0) - (b.route.order ?? 0))
      .map(({ route }) => route.name);
    expect(documented.flatMap(([name]) => name ?? []).slice(0, 3)).toEqual(anthropic);
  });

  it('has every reason for which a request is refused for a credential', () => {
    const documented = tableOf(document, ['reason', 'why a request is refused']).flatMap((row) =>
      codeIn(row[0]),
    );
    const reasons = Object.entries(REASONS).filter(([, { group }]) => group === 'credential');
    expect(documented.toSorted()).toEqual(reasons.map(([code]) => code).toSorted());
  });
});
