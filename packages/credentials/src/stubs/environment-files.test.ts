import { describe, expect, it } from 'vitest';
import { requireComponent } from '../../../../test/support/components.ts';
import { runProcess, successful } from '../../../../test/support/processes.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { environmentFile, shellFile } from './environment-files.ts';

const hostile = new Map([
  ['PLAIN', 'value'],
  ['SPACES', '  two  spaces  '],
  ['QUOTES', `it's "quoted" '' and 'again'`],
  ['EXPANDED', '$HOME `id` $(id) $\u007bHOME} !! ~ * \\ \\n'],
  ['SYNTAX', '; exit 1 & | < > # ( ) { }'],
  ['EMPTY', ''],
]);

describe('shellFile()', () => {
  for (const shell of ['sh', 'bash', 'dash', 'zsh', 'busybox']) {
    requireComponent(shell, 'env').test(`gives ${shell} every value as it is`, async () => {
      const directory = untilTestEnds(await temporaryDirectory(`an "odd" dir's`));
      const file = await directory.write('env.sh', shellFile(hostile));
      // Bash reads the start-up file of its HOME when its input is a socket, as it is here.
      const env = { PATH: process.env.PATH, HOME: directory.path };
      const args = [...(shell === 'busybox' ? ['sh'] : []), '-c', '. "$1"; env -0', shell, file];
      const { stdout, stderr } = successful(await runProcess(shell, args, { env }));
      expect(stderr).toBe('');
      const found = new Map(
        stdout.split('\0').map((line) => [line.split('=')[0], line.replace(/^\w+=/, '')]),
      );
      for (const [name, value] of hostile) expect(found.get(name), name).toBe(value);
    });
  }
});

describe('environmentFile()', () => {
  it('has one line a variable, and values as they are: what reads it undoes no quotes', () => {
    const lines = environmentFile(hostile).trimEnd().split('\n');
    expect(lines[0]).toMatch(/^#/);
    expect(lines.slice(1)).toEqual([...hostile].map(([name, value]) => `${name}=${value}`));
  });
});
