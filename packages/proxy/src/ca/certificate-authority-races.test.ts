import { readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type RunningProcess, startProcess, successful } from '../../../../test/support/processes.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { openAuthority } from './certificate-authority.ts';
import { patternsOf } from './testing/patterns-of.ts';

const modules = ['certificate-authority.ts', 'x509.ts', 'testing/patterns-of.ts'].map((name) =>
  String(new URL(name, import.meta.url)),
);

/** Opens or rotates round after round, each time together with the other processes; prints a line a round. */
const program = `
  import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
  import { join } from 'node:path';
  const [, self, count, rounds, where, act, ...words] = process.argv;
  const [{ openAuthority, rotateAuthority }, , { patternsOf }] = await Promise.all(
    ${JSON.stringify(modules)}.map((url) => import(url)),
  );
  const patterns = patternsOf(...words);
  for (let round = 0; round < Number(rounds); round++) {
    const barrier = join(where, 'ready-' + round);
    mkdirSync(barrier, { recursive: true });
    writeFileSync(join(barrier, self), '');
    for (let waits = 0; readdirSync(barrier).length < Number(count); waits++) {
      if (waits > 60_000) throw new Error('the others do not come');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
    const directory = join(where, 'ca-' + (act === 'create' ? round : 0));
    process.umask(round % 2 === 0 ? 0o077 : 0);
    const said =
      act === 'rotate'
        ? { outcome: 'rotated', certificate: await rotateAuthority(directory) }
        : await openAuthority(directory, patterns).then(({ outcome, authority }) => ({ outcome, ...authority }));
    console.log(JSON.stringify({ outcome: said.outcome, ...said.certificate, pem: undefined }));
  }
`;

interface Line {
  readonly outcome: string;
  readonly subject: string;
  readonly fingerprint: string;
}

/** Runs a process for each of `acts`, all at the same time. @returns what each said, round by round. */
async function race(
  where: string,
  { acts, rounds, words }: { acts: readonly string[]; rounds: number; words: readonly string[] },
): Promise<readonly (readonly Line[])[]> {
  const processes = await Promise.all(
    acts.map(async (act, index) => {
      const args = [`${index}`, `${acts.length}`, `${rounds}`, where, act, ...words];
      return untilTestEnds(await start(args));
    }),
  );
  const said = await Promise.all(
    processes.map(async (running) => {
      const exit = await running.exited;
      const { stdout } = successful({ ...exit, stdout: running.stdout, stderr: running.stderr });
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
    }),
  );
  return Array.from({ length: rounds }, (_, round) => said.flatMap((lines) => lines[round] ?? []));
}

function start(args: readonly string[]): Promise<RunningProcess> {
  const flags = ['--input-type=module', '--eval', program, ...args];
  return startProcess(process.execPath, flags, { lifetimeMs: 100_000 });
}

/** What is in a directory at last: its certificate, and nothing that does not belong together. */
async function settled(directory: string, ...words: readonly string[]) {
  const { outcome, authority } = await openAuthority(directory, patternsOf(...words));
  expect(outcome).toBe('kept');
  const [key, copy] = await Promise.all(
    ['ca.key', 'ca.crt'].map((name) => readFile(`${directory}/${name}`, 'utf8')),
  );
  expect(key?.endsWith(copy ?? '')).toBe(true);
  expect((await stat(`${directory}/ca.key`)).mode & 0o777).toBe(0o600);
  expect((await stat(`${directory}/ca.crt`)).mode & 0o777).toBe(0o644);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  return authority.certificate;
}

const words = ['.github.com', 'api.example.com'];

describe('several processes on one directory', () => {
  it('make one authority between them, and all use that one', async () => {
    const where = untilTestEnds(await temporaryDirectory('ca-race')).path;
    const rounds = await race(where, { acts: ['create', 'create', 'create', 'create'], rounds: 8, words });
    for (const [round, lines] of rounds.entries()) {
      expect(lines.map(({ outcome }) => outcome).sort()).toEqual(['created', 'kept', 'kept', 'kept']);
      const { fingerprint } = await settled(`${where}/ca-${round}`, ...words);
      expect(lines.map((line) => line.fingerprint)).toEqual(lines.map(() => fingerprint));
    }
  }, 120_000);

  it('give it a wider certificate at the same time, and keep its key', async () => {
    const where = untilTestEnds(await temporaryDirectory('ca-race')).path;
    const { authority } = await openAuthority(`${where}/ca-0`, patternsOf('.github.com'));
    const [lines = []] = await race(where, { acts: ['open', 'open', 'open', 'open'], rounds: 1, words });
    expect(lines.map(({ outcome }) => outcome)).toContain('widened');
    expect(new Set(lines.map(({ subject }) => subject))).toEqual(new Set([authority.certificate.subject]));
    expect((await settled(`${where}/ca-0`, ...words)).subject).toBe(authority.certificate.subject);
  }, 120_000);

  it('never see a key without its certificate while it is rotated', async () => {
    const where = untilTestEnds(await temporaryDirectory('ca-race')).path;
    await openAuthority(`${where}/ca-0`, patternsOf(...words));
    const rounds = await race(where, { acts: ['rotate', 'rotate', 'open', 'open'], rounds: 10, words });
    const made = rounds.flat().filter(({ outcome }) => outcome === 'rotated');
    const { fingerprint } = await settled(`${where}/ca-0`, ...words);
    expect(made.map((line) => line.fingerprint)).toContain(fingerprint);
    expect(rounds.flat().filter(({ outcome }) => outcome === 'kept').length).toBe(20);
  }, 120_000);

  it('can be killed at any moment', async () => {
    const where = untilTestEnds(await temporaryDirectory('ca-race')).path;
    await openAuthority(`${where}/ca-0`, patternsOf(...words));
    for (let kill = 0; kill < 6; kill++) {
      const running = untilTestEnds(await start(['0', '1', '100000', where, 'rotate']));
      await running.waitForLine(/"outcome":"rotated"/, 30_000);
      await sleep(Math.random() * 60);
      await running.kill();
      await settled(`${where}/ca-0`, ...words);
    }
  }, 120_000);
});
