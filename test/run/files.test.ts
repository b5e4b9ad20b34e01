import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import { untilTestEnds } from '../support/teardown.ts';
import { setScene } from './scene.ts';
import { WAYS } from './ways.ts';

const TIMEOUT_MS = 60_000;

describe.each(WAYS)('the files of a sandbox, $title', (way) => {
  const test = (title: string, body: () => Promise<void>) => way.tests.test(title, body, TIMEOUT_MS);

  test('sees no credentials, and writes only where it may', async () => {
    const scene = untilTestEnds(await setScene(way));
    const places = [
      '.ssh/id_ed25519',
      '.aws/credentials',
      '.config/gcloud/x.json',
      '.kube/config',
      '.netrc',
      '.claude/.credentials.json',
      '.codex/auth.json',
      '.docker/config.json',
    ];
    for (const place of places) await scene.write(place, 'the secret', 0o644);
    const elsewhere = await scene.write('keys/adc.json', 'the secret', 0o644);
    await scene.write('plain.txt', 'plain', 0o644);
    const script = `
      cd ${scene.home}
      cat ${places.join(' ')} ${elsewhere}; cat .ssh/* .aws/*
      cat plain.txt; echo
      for place in . .ssh .config /etc /usr /var; do touch $place/made-by-test 2>/dev/null && echo wrote $place; done
      touch project/made /tmp/made /run/made && echo wrote where it may
    `;
    const { stdout } = await scene.run(['--read', scene.home, '--', 'sh', '-c', script], {
      env: { GOOGLE_APPLICATION_CREDENTIALS: elsewhere },
    });
    expect(stdout).toBe('plain\nwrote where it may\n');
    expect(await readFile(`${scene.home}/.netrc`, 'utf8')).toBe('the secret');
  });

  test('shows, opens and hides what is named, the more precise before the wider', async () => {
    const scene = untilTestEnds(await setScene(way));
    for (const name of [
      '.aws/config',
      '.aws/credentials',
      'data/a.txt',
      'project/hidden/b.txt',
      'project/seen.txt',
    ])
      await scene.write(name, `${name}\n`, 0o644);
    const flags = [
      '--read',
      `${scene.home}/.aws/config`,
      '--write',
      `${scene.home}/data`,
      '--hide',
      'hidden',
    ];
    const script = `cat ${scene.home}/.aws/* ${scene.home}/data/a.txt hidden/b.txt seen.txt; echo changed > ${scene.home}/data/a.txt`;
    const { stdout } = await scene.run([...flags, '--', 'sh', '-c', script]);
    expect(stdout).toBe('.aws/config\ndata/a.txt\nproject/seen.txt\n');
    expect(await readFile(`${scene.home}/data/a.txt`, 'utf8')).toBe('changed\n');
  });

  test('are those of the machine with --no-sandbox-fs, and the network is closed all the same', async () => {
    const scene = untilTestEnds(await setScene(way));
    await scene.write('seen.txt', 'seen\n');
    const script = `cat ${scene.home}/seen.txt; echo x > ${scene.home}/written; ls /proc/sys/net/ipv4/conf | tr '\\n' ' '`;
    const { stdout } = await scene.run(['--no-sandbox-fs', '--', 'sh', '-c', script]);
    expect(stdout).toBe('seen\nall default lo ');
    expect(await readFile(`${scene.home}/written`, 'utf8')).toBe('x\n');
  });

  test('take nothing that makes a sandbox from the project, whatever stands first in PATH', async () => {
    const scene = untilTestEnds(await setScene(way));
    for (const name of ['bwrap', 'unshare', 'setpriv', 'mount', 'ip', 'perl', 'sh', 'stty'])
      await scene.write(`project/bin/${name}`, `#!/bin/sh\ntouch ${scene.home}/outside\nexit 1\n`, 0o755);
    const { code, stdout } = await scene.run(['--', '/bin/sh', '-c', 'echo ran'], {
      env: { PATH: `${scene.project}/bin:${process.env.PATH}` },
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ran\n' });
    expect(existsSync(`${scene.home}/outside`)).toBe(false);
  });

  test('do not let the command become the program that runs it', async () => {
    const scene = untilTestEnds(await setScene(way));
    const script = `for file in $PAUDE $NODE; do test -e $file && ! echo x 2>/dev/null >> $file && echo kept; done`;
    const { stdout } = await scene.run([
      '--env',
      `NODE=${process.execPath}`,
      '--env',
      `PAUDE=${new URL('../../apps/paude/bin/paude.js', import.meta.url).pathname}`,
      '--',
      'sh',
      '-c',
      script,
    ]);
    expect(stdout).toBe('kept\nkept\n');
  });
});

describe.each(WAYS.slice(0, 1))('a project, $title', (way) => {
  const test = (title: string, body: () => Promise<void>) => way.tests.test(title, body, TIMEOUT_MS);
  const request = [
    '--host',
    'allowed.test=127.0.0.1',
    '--output',
    'json',
    '--',
    'curl',
    '-s',
    '-o',
    '/dev/null',
    'http://allowed.test/',
  ];
  const blocked = (stderr: string) => JSON.parse(stderr.trim().split('\n').at(-1) ?? '').targets[0]?.reason;

  test('adds the words of its paude.json to those of the command line', async () => {
    const scene = untilTestEnds(await setScene(way));
    expect(blocked((await scene.run(request)).stderr)).toBe('empty-allowlist');
    await scene.write('project/paude.json', '{ "allowedDomains": ["allowed.test"] }', 0o644);
    // It is allowed, and leads to an address that nobody has opened.
    expect(blocked((await scene.run(['--trust-project', ...request])).stderr)).toBe('address-not-allowed');
    expect(blocked((await scene.run(request)).stderr)).toBe('address-not-allowed');
  });

  test('a paude.json that the command made is not used by the next run', async () => {
    const scene = untilTestEnds(await setScene(way));
    const widen = ['--', 'sh', '-c', `echo '{ "allowedDomains": ["all"] }' > paude.json && echo changed`];
    expect((await scene.run(widen)).stdout).toBe('changed\n');
    const refused = await scene.run(request);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /^error: Cannot use the settings of the project ".*paude.json": they are not those of the last run, .*--trust-project\.\n$/,
    );

    await writeFile(`${scene.project}/paude.json`, '{ "allowedDomains": [] }');
    expect((await scene.run(['--trust-project', ...widen])).stdout).toBe('');
    expect(await readFile(`${scene.project}/paude.json`, 'utf8')).toBe('{ "allowedDomains": [] }');
  });

  test('is told of a key that its paude.json must not have', async () => {
    const scene = untilTestEnds(await setScene(way));
    await scene.write('project/paude.json', '{ "allowedDomain": ["x.test"] }', 0o644);
    const { code, stderr } = await scene.run(['--', 'true']);
    expect(code).toBe(1);
    expect(stderr).toContain('there is no key "allowedDomain". Write allowedDomains.');
  });
});
