import { readFile, symlink } from 'node:fs/promises';
import { parseWords } from '@paude/allowlist';
import { rotateAuthority } from '@paude/proxy';
import { describe, expect, it } from 'vitest';
import { authorityPem, certificateFor } from '../../../../test/support/certificates.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { paude } from '../testing/paude.ts';

/** A directory with an authority in it. */
async function scratch() {
  const directory = untilTestEnds(await temporaryDirectory('stubs'));
  const caDir = directory.join('ca');
  const { rules } = parseWords(['api.example.com']);
  await rotateAuthority(caDir, { patterns: rules.map(({ pattern }) => pattern) });
  const stubs = directory.join('stubs');
  const write = (...flags: string[]) => paude(['stubs', 'write', stubs, ...flags]);
  return { directory, ca: directory.join('ca/ca.crt'), caDir, stubs, write };
}

describe('paude stubs write', () => {
  it('says which files it wrote and what each is for', async () => {
    const { ca, stubs, write } = await scratch();
    const { code, stdout, stderr } = await write('--ca', ca);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^${stubs}/env\\.sh +the environment, for a shell to read\n`));
    for (const line of stdout.trimEnd().split('\n')) await readFile(line.replace(/ {2,}.*$/, ''));
  });

  it('says all of it as JSON, with the environment', async () => {
    const { caDir, stubs, write } = await scratch();
    const { code, stdout } = await write('--ca-dir', caDir, '--output', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      directory: stubs,
      files: expect.arrayContaining([{ name: 'env', what: expect.any(String) }]),
      environment: { HTTPS_PROXY: 'http://127.0.0.1:3128', SSL_CERT_FILE: `${stubs}/ca-bundle.pem` },
    });
  });

  it('takes the proxy, the place in the session and the routes from its flags', async () => {
    const { directory, ca, write } = await scratch();
    const routes = await directory.write(
      'routes.yaml',
      'credentials:\n  - { name: own, from: { env: OWN_KEY }, inject: { type: bearer }, hosts: [a.test] }\n',
    );
    const place = ['--proxy', 'http://paude-proxy:3128', '--mounted-at', '/run/paude'];
    const chosen = ['--credentials', routes, '--only', 'own,github', '--only', 'openai'];
    const { stdout } = await write('--ca', ca, ...place, ...chosen, '--output', 'json');
    const { environment } = JSON.parse(stdout);
    expect(environment).toMatchObject({
      OWN_KEY: 'paude-proxy-managed',
      GH_TOKEN: 'paude-proxy-managed',
      OPENAI_API_KEY: 'paude-proxy-managed',
      HTTPS_PROXY: 'http://paude-proxy:3128',
      PYTHONPATH: '/run/paude',
    });
    expect(environment).not.toHaveProperty('ANTHROPIC_API_KEY');
  });

  it('trusts the roots that it is given, and no others', async () => {
    const { directory, ca, stubs, write } = await scratch();
    const roots = await directory.write('roots.pem', await authorityPem('root'));
    expect((await write('--ca', ca, '--roots', roots)).code).toBe(0);
    const bundle = await readFile(`${stubs}/ca-bundle.pem`, 'utf8');
    expect(bundle.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });

  it('finds the authority where the proxy keeps it when none is named', async () => {
    const { caDir, stubs } = await scratch();
    const args = ['stubs', 'write', stubs];
    expect((await paude(args, { env: { PAUDE_PROXY_CA_DIR: caDir } })).code).toBe(0);
    const { code, stderr } = await paude(args, { env: { PAUDE_PROXY_CA_DIR: `${caDir}/none` } });
    expect(code).toBe(1);
    expect(stderr).toContain('Cannot find the certificate authority');
  });

  it('takes one authority, not two', async () => {
    const { write } = await scratch();
    expect(await write('--ca', 'x', '--ca-dir', 'y')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'error: Cannot write stubs: the certificate authority of the proxy was named twice. Name either its directory with --ca-dir or its certificate with --ca.\n',
    });
  });

  it('says why it cannot, with exit code 1', async () => {
    const { directory, ca, stubs, write } = await scratch();
    const leaf = await directory.write('leaf.pem', (await certificateFor(['a.test'])).certPem);
    const yaml = await directory.write('bad.yaml', 'credentials:\n  - [sk-secret-value\n');
    for (const [flags, message] of [
      [['--ca', directory.join('none')], 'Cannot use the CA certificate'],
      [['--ca', leaf], 'it is not the certificate of an authority'],
      [['--ca-dir', directory.path], 'Cannot find the certificate authority'],
      [['--ca', ca, '--proxy', 'https://proxy:3128'], 'Cannot use the proxy "https://proxy:3128"'],
      [['--ca', ca, '--only', 'githb'], 'Cannot write stubs for the route "githb"'],
      [['--ca', ca, '--roots', directory.join('none')], 'Cannot read the authorities in'],
      [['--ca', ca, '--credentials', directory.join('none')], 'there is no such file'],
      [['--ca', ca, '--credentials', yaml], `"${yaml}:`],
    ] as const) {
      const { code, stdout, stderr } = await write(...flags);
      expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(message);
      expect(stderr).not.toContain('sk-secret-value');
    }
    await symlink(directory.path, stubs);
    expect((await write('--ca', ca)).stderr).toContain('it is a link or no directory');
  });
});
