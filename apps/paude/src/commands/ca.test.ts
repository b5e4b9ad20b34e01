import { X509Certificate } from 'node:crypto';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { paude } from '../testing/paude.ts';

const CREDENTIALS = `
- name: example
  from: { env: EXAMPLE_TOKEN }
  inject: { type: bearer }
  hosts: [api.example.com, .example.org]
`;

/** A directory with a file of credential routes, and an authority made for their hosts. */
async function prepared() {
  const home = untilTestEnds(await temporaryDirectory('ca-command'));
  const credentials = await home.write('credentials.yaml', CREDENTIALS);
  const caDir = home.join('ca');
  const made = await paude(['ca', 'rotate', '--ca-dir', caDir, '--credentials', credentials, '-o', 'json']);
  expect(made.code, made.stderr).toBe(0);
  return { home, credentials, caDir, first: JSON.parse(made.stdout) };
}

describe('paude ca show', () => {
  it('shows whom the certificate is of, until when, and for which hosts', async () => {
    const { caDir, first } = await prepared();
    const { code, stdout, stderr } = await paude(['ca', 'show', '--ca-dir', caDir]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      `certificate  ${caDir}/ca.crt`,
      expect.stringMatching(/^subject {6}CN=paude proxy CA [\da-f]{8}$/),
      `sha-256      ${first.fingerprint}`,
      `valid from   ${first.notBefore}`,
      `valid until  ${first.notAfter}`,
      'signs for    api.example.com and every name below it',
      '             example.org and every name below it',
      '',
    ]);
  });

  it('answers in JSON', async () => {
    const { caDir, first } = await prepared();
    const { stdout } = await paude(['ca', 'show', '--ca-dir', caDir, '--output', 'json']);
    expect(JSON.parse(stdout)).toEqual({
      path: `${caDir}/ca.crt`,
      subject: first.subject,
      fingerprint: first.fingerprint,
      notBefore: first.notBefore,
      notAfter: first.notAfter,
      isExpired: false,
      names: ['api.example.com', 'example.org'],
      addresses: [],
    });
  });

  it('answers with the certificate itself', async () => {
    const { caDir, first } = await prepared();
    const { stdout } = await paude(['ca', 'show', '--ca-dir', caDir, '--output', 'pem']);
    expect(new X509Certificate(stdout).fingerprint256).toBe(first.fingerprint);
    expect(stdout).toBe(await readFile(`${caDir}/ca.crt`, 'utf8'));
  });

  it('finds the directory by the environment, and never reads the key in it', async () => {
    const { home, caDir, first } = await prepared();
    await chmod(`${caDir}/ca.key`, 0o644);
    await writeFile(`${caDir}/ca.key`, 'no key');
    const named = await paude(['ca', 'show', '-o', 'json'], { env: { PAUDE_PROXY_CA_DIR: caDir } });
    expect(JSON.parse(named.stdout)).toMatchObject({ fingerprint: first.fingerprint });
    const { code, stderr } = await paude(['ca', 'show'], { env: { HOME: home.path } });
    expect(code).toBe(1);
    expect(stderr).toBe(
      `error: Cannot find the certificate authority in "${home.path}/.local/state/paude/ca": there is none. Start the proxy with credential routes, which makes one, or name its directory with --ca-dir.\n`,
    );
  });
});

describe('paude ca rotate', () => {
  it('replaces key and certificate for the hosts of before, and says what is left to do', async () => {
    const { caDir, first } = await prepared();
    const key = await readFile(`${caDir}/ca.key`, 'utf8');
    const { code, stdout, stderr } = await paude(['ca', 'rotate', '--ca-dir', caDir]);
    expect(code).toBe(0);
    expect(stdout).toContain('signs for    api.example.com and every name below it');
    expect(stdout).not.toContain(first.fingerprint);
    expect(stderr).toContain('1. Have the proxy use it: send it SIGHUP');
    expect(stderr).toContain(`2. Give it to every session: paude stubs write DIRECTORY --ca-dir ${caDir}`);
    const rotated = await readFile(`${caDir}/ca.key`, 'utf8');
    expect(rotated).not.toBe(key);
    expect(`${stdout}${stderr}`).not.toContain('PRIVATE KEY');
    expect((await stat(`${caDir}/ca.key`)).mode & 0o777).toBe(0o600);
    expect((await readdir(caDir)).sort()).toEqual(['ca.crt', 'ca.key']);
  });

  it('takes the hosts from credential routes, those at which the proxy answers included', async () => {
    const { home, caDir } = await prepared();
    const credentials = await home.write(
      'google.yaml',
      '- name: google\n  from: { file: adc.json }\n  inject: { type: gcp-adc }\n  hosts: ["*-aiplatform.googleapis.com"]\n',
    );
    const { stdout } = await paude([
      'ca',
      'rotate',
      '--ca-dir',
      caDir,
      '--credentials',
      credentials,
      '-o',
      'json',
    ]);
    const { names } = JSON.parse(stdout);
    expect(names).toContain('googleapis.com');
    expect(names).not.toContain('api.example.com');
    expect(names).toContain('accounts.google.com');
  });

  it.each([
    ['ca-missing', [], 'Cannot find the certificate authority in'],
    [
      'no such file',
      ['--credentials', '/no/such/file'],
      'Cannot read the credential routes "/no/such/file": there is no such file.',
    ],
  ])('says what is wrong, and makes nothing: %s', async (_what, flags, message) => {
    const home = untilTestEnds(await temporaryDirectory('ca-command'));
    const { code, stdout, stderr } = await paude(['ca', 'rotate', '--ca-dir', home.join('ca'), ...flags]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(message);
    expect(await readdir(home.path)).toEqual([]);
  });
});

describe('paude ca', () => {
  it.each([['ca'], ['ca', 'show'], ['ca', 'rotate']])(
    'shows examples in its help: %s %s',
    async (...args) => {
      const { code, stdout } = await paude([...args.filter((arg) => arg !== undefined), '--help']);
      expect(code).toBe(0);
      expect(stdout).toContain('Examples:\n  paude ca ');
    },
  );
});
