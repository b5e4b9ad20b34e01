import { readdir, readFile, stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { authorityPem, certificateFor } from '../../../../test/support/certificates.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { readCertificates } from './certificates.ts';
import { stubRoutes } from './stub-routes.ts';
import { type StubsOptions, writeStubs } from './write-stubs.ts';

const FILES = [
  'application_default_credentials.json',
  'ca-bundle.pem',
  'ca.pem',
  'certifi.py',
  'claude-credentials.json',
  'codex-auth.json',
  'env',
  'env.sh',
  'truststore.p12',
  'wgetrc',
];

async function options(more: Partial<StubsOptions> = {}): Promise<StubsOptions> {
  return {
    proxy: 'http://127.0.0.1:3128',
    authority: { pem: await authorityPem(), where: 'ca.crt' },
    routes: stubRoutes(),
    roots: readCertificates(await authorityPem('root')).filter((found) => found !== undefined),
    ...more,
  };
}

const scratch = async () => untilTestEnds(await temporaryDirectory('stubs'));

describe('writeStubs()', () => {
  it('writes every file that it says, and no other that can be seen', async () => {
    const { path } = await scratch();
    const { files, directory } = await writeStubs(path, await options());
    expect(directory).toBe(path);
    expect(files.map(({ name }) => name).sort()).toEqual(FILES);
    const found = await readdir(path);
    expect(found.filter((name) => name !== '.paude-stubs.json').sort()).toEqual(FILES);
  });

  it('trusts the other authorities alone where the proxy has none of its own', async () => {
    const { path, join } = await scratch();
    const root = await authorityPem('root');
    await writeStubs(path, await options({ authority: undefined }));
    for (const name of ['ca.pem', 'ca-bundle.pem']) {
      expect((await readFile(join(name), 'utf8')).trim(), name).toContain(root.trim());
      expect(await readFile(join(name), 'utf8'), name).not.toContain(await authorityPem());
    }
  });

  it('keeps logins to their owner, and lets the rest be read', async () => {
    const { path, join } = await scratch();
    await writeStubs(path, await options());
    for (const name of FILES) {
      const mode = ((await stat(join(name))).mode & 0o777).toString(8);
      expect(mode, name).toBe(/credentials|auth/.test(name) ? '600' : '644');
    }
  });

  it('writes the same bytes again', async () => {
    const { path, join } = await scratch();
    const contents = () => Promise.all(FILES.map((name) => readFile(join(name), 'base64')));
    const first = await writeStubs(path, await options());
    const before = await contents();
    expect(await writeStubs(path, await options())).toEqual(first);
    expect(await contents()).toEqual(before);
  });

  it('has the authority alone in one file, and with all others in another, each once', async () => {
    const { path, join } = await scratch();
    const [own, root] = [await authorityPem(), await authorityPem('root')];
    const roots = readCertificates(`${root}\n${own}\n${root}`).filter((found) => found !== undefined);
    await writeStubs(path, await options({ roots }));
    const subjects = async (name: string) =>
      readCertificates(await readFile(join(name), 'utf8')).map((found) => found?.subject);
    expect(await subjects('ca.pem')).toEqual(['CN=paude test authority']);
    expect(await subjects('ca-bundle.pem')).toEqual(['CN=paude test authority', 'CN=paude root authority']);
  });

  it('names the directory as the session sees it', async () => {
    const { path, join } = await scratch();
    const { directory, environment } = await writeStubs(path, await options({ mountedAt: '/run/paude/' }));
    expect(directory).toBe('/run/paude');
    expect(environment.SSL_CERT_FILE).toBe('/run/paude/ca-bundle.pem');
    expect(environment.PYTHONPATH).toBe('/run/paude');
    for (const name of ['env', 'env.sh', 'wgetrc']) {
      const text = await readFile(join(name), 'utf8');
      expect(text).toContain('/run/paude/ca-bundle.pem');
      expect(text).not.toContain(path);
    }
  });

  it('writes logins only for the routes that have them', async () => {
    const { path } = await scratch();
    const { files } = await writeStubs(path, await options({ routes: stubRoutes({ only: ['github'] }) }));
    expect(files.map(({ name }) => name).filter((name) => name.endsWith('.json'))).toEqual([]);
  });

  it.each([
    ['run/paude', 'it does not begin at the root'],
    ['/run/a:b', 'a colon would end it in PYTHONPATH'],
    ['/run/a\nb', 'a control character cannot stand in an environment file'],
  ])('refuses %j for the session to see it at', async (mountedAt, why) => {
    const { path } = await scratch();
    await expect(writeStubs(path, await options({ mountedAt }))).rejects.toThrow(`: ${why}.`);
    expect(await readdir(path)).toEqual([]);
  });

  it('writes nothing when the authority cannot be used', async () => {
    const { path } = await scratch();
    const authority = { pem: (await certificateFor(['a.test'])).certPem, where: 'leaf.pem' };
    await expect(writeStubs(path, await options({ authority }))).rejects.toMatchObject({
      code: 'ca-certificate-invalid',
    });
    expect(await readdir(path)).toEqual([]);
  });
});
