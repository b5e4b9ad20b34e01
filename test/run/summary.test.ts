import { symlinkSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { expect } from 'vitest';
import { requireComponent } from '../support/components.ts';
import { httpOrigin, textHandler } from '../support/origins.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { setScene } from './scene.ts';
import { MAKERS } from './ways.ts';

const TIMEOUT_MS = 60_000;
const [way] = MAKERS.filter(({ tests }) => tests.present);
const tests = requireComponent('curl');

if (way !== undefined) {
  const prepared = async () => {
    const scene = untilTestEnds(await setScene(way));
    const origin = untilTestEnds(await httpOrigin(textHandler('hello\n'), { host: '127.0.0.1', port: 0 }));
    const flags = [
      '--host',
      'a.test=127.0.0.1',
      '--host',
      'b.test=127.0.0.1',
      '--allow-private',
      '127.0.0.1/32',
    ];
    const curls = ['a', 'b', 'b'].map((name) => `curl -s http://${name}.test:${origin.port}/`).join('; ');
    return { scene, origin, flags, words: ['--', 'sh', '-c', curls] };
  };

  tests.test(
    '--report-only lets everything pass, says what would have been blocked, and --save writes what was needed',
    async () => {
      const { scene, origin, flags, words } = await prepared();
      const allowed = ['--allowed-domains', `a.test:${origin.port}`];
      const run = await scene.run([...flags, ...allowed, '--report-only', '--save', 'needed.yaml', ...words]);
      expect(run).toMatchObject({ code: 0, stdout: 'hello\nhello\nhello\n' });
      expect(run.stderr.replace(/ +/g, ' ')).toMatch(
        new RegExp(
          `^host reached would be blocked sent received why\\na\\.test:${origin.port} 1 0 \\d+ B \\d+ B\\nb\\.test:${origin.port} 2 2 \\d+ B \\d+ B not-listed\\n$`,
        ),
      );
      const saved = await readFile(`${scene.project}/needed.yaml`, 'utf8');
      expect(saved).toBe(`version: 1\nrules:\n  - "a.test:${origin.port}"\n  - "b.test:${origin.port}"\n`);
      const again = await scene.run([...flags, '--allowlist', 'needed.yaml', ...words]);
      expect(again.stdout).toBe('hello\nhello\nhello\n');
    },
    TIMEOUT_MS,
  );

  tests.test(
    '--output json says the same to scripts, in one line at the end',
    async () => {
      const { scene, origin, flags, words } = await prepared();
      const { code, stderr } = await scene.run([
        ...flags,
        '--allowed-domains',
        `a.test:${origin.port}`,
        '--output',
        'json',
        ...words,
      ]);
      expect(code).toBe(0);
      const target = { port: origin.port, bytesUp: expect.any(Number), bytesDown: expect.any(Number) };
      expect(JSON.parse(stderr)).toEqual({
        exitCode: 0,
        durationMs: expect.any(Number),
        reportOnly: false,
        targets: [
          { ...target, host: 'a.test', reached: 1, blocked: 0 },
          { ...target, host: 'b.test', reached: 0, blocked: 2, reason: 'not-listed' },
        ],
      });
    },
    TIMEOUT_MS,
  );

  tests.test(
    'nothing is told where nobody looks at a terminal',
    async () => {
      const { scene, flags, words } = await prepared();
      expect((await scene.run([...flags, ...words])).stderr).toBe('');
    },
    TIMEOUT_MS,
  );

  tests.test(
    '--save follows no link that the command has put in the place of the file',
    async () => {
      const { scene, flags } = await prepared();
      const profile = await scene.write('profile', 'mine\n');
      symlinkSync(profile, `${scene.project}/needed.yaml`);
      await scene.run([...flags, '--save', 'needed.yaml', '--', 'true']);
      expect(await readFile(profile, 'utf8')).toBe('mine\n');
      expect((await stat(`${scene.project}/needed.yaml`)).isFile()).toBe(true);
      expect(await readFile(`${scene.project}/needed.yaml`, 'utf8')).toBe('version: 1\nrules: []\n');
    },
    TIMEOUT_MS,
  );
}
