import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLog } from './log.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'paude-log-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('openLog()', () => {
  it('has written everything when it has closed, however much was waiting', async () => {
    const target = join(directory, 'audit.jsonl');
    const log = openLog({ target, format: 'json', colour: false });
    for (let number = 0; number < 20_000; number++) log.logger.info({ event: 'decision', number });
    await log.close();
    const lines = (await readFile(target, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).number)).toEqual(Array.from({ length: 20_000 }, (_, n) => n));
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      event: 'decision',
      number: 0,
    });
  });

  it('adds to a file that is there, and goes on in a new one after a rotation', async () => {
    const target = join(directory, 'audit.jsonl');
    const rotated = join(directory, 'audit.jsonl.1');
    await (async () => {
      const log = openLog({ target, format: 'json', colour: false });
      log.logger.info('first');
      await log.close();
    })();
    const log = openLog({ target, format: 'json', colour: false });
    log.logger.info('second');
    await vi.waitFor(async () => expect(await readFile(target, 'utf8')).toContain('second'));
    await rename(target, rotated);
    log.reopen();
    log.logger.info('third');
    await log.close();
    expect(await readFile(rotated, 'utf8')).toMatch(/first.*second/s);
    expect(await readFile(target, 'utf8')).toContain('third');
  });

  it('writes every character so that JSON gets it back, and leaves out what is undefined', async () => {
    const target = join(directory, 'audit.jsonl');
    const log = openLog({ target, format: 'json', colour: false });
    const everything = Array.from({ length: 0x2100 }, (_, code) => String.fromCharCode(code)).join('');
    const event = {
      event: 'close',
      detail: `${everything}\ud800"\\`,
      port: 443,
      rule: undefined,
      nothing: null,
    };
    log.logger.warn(event);
    log.logger.error({ event: 'defect', err: new Error('broken') });
    log.logger.info({ event: 'listening' }, 'with a message');
    await log.close();
    const lines = (await readFile(target, 'utf8')).trimEnd().split('\n');
    const [first, second, third] = lines.map((line) => JSON.parse(line));
    expect(first).toEqual({
      level: 'warn',
      time: expect.any(String),
      event: 'close',
      detail: event.detail,
      port: 443,
      nothing: null,
    });
    expect(second).toMatchObject({
      level: 'error',
      event: 'defect',
      err: { message: 'broken' },
      msg: 'broken',
    });
    expect(third).toMatchObject({ level: 'info', event: 'listening', msg: 'with a message' });
    expect(lines).toHaveLength(3);
  });

  it('stamps events with the time in UTC, to the millisecond', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const target = join(directory, 'audit.jsonl');
    const times = [0, 7, 999, 1000, 59_999, 60_042].map((ms) => Date.UTC(2026, 11, 31, 23, 59) + ms);
    const log = openLog({ target, format: 'json', colour: false });
    for (const time of times) {
      vi.setSystemTime(time);
      log.logger.info({ event: 'decision' });
    }
    vi.useRealTimers();
    await log.close();
    const lines = (await readFile(target, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).time)).toEqual(
      times.map((time) => new Date(time).toISOString()),
    );
  });

  it('takes lines after it has closed, and loses them', async () => {
    const target = join(directory, 'audit.jsonl');
    const log = openLog({ target, format: 'json', colour: false });
    log.logger.info({ event: 'before' });
    await log.close();
    for (let count = 0; count < 1000; count++) log.logger.info({ event: 'after', count });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await readFile(target, 'utf8')).not.toContain('after');
  });

  it.each([
    ['a directory that is not there', 'missing/audit.jsonl', 'there is no such directory'],
    ['a directory', '.', 'it is a directory'],
  ])('refuses %s', (_what, name, why) => {
    const open = () => openLog({ target: join(directory, name), format: 'json', colour: false });
    expect(open).toThrow(expect.objectContaining({ code: 'log-unwritable', why }));
  });

  it.skipIf(!existsSync('/dev/full'))('says when it cannot write, counts it, and still closes', async () => {
    const complain = vi.fn();
    const failed = vi.fn();
    const log = openLog({ target: '/dev/full', format: 'json', colour: false, complain });
    log.onWriteError(failed);
    log.logger.info('nobody will read this');
    await vi.waitFor(() => expect(failed).toHaveBeenCalled());
    log.logger.info('nor this');
    await log.close();
    expect(complain).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('/dev/full (ENOSPC)'));
  });

  it('lets its process end when nobody reads its standard output any more', async () => {
    const program = `
      import { openLog } from ${JSON.stringify(fileURLToPath(new URL('log.ts', import.meta.url)))};
      const log = openLog({ target: '-', format: 'json', colour: false });
      process.on('SIGTERM', async () => {
        log.logger.info('the end');
        await log.close();
        process.exit(7);
      });
      setInterval(() => log.logger.info('more'), 10);
      console.error('ready');
    `;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
    await new Promise((resolve) => child.stderr.once('data', resolve));
    child.stdout.destroy();
    await new Promise((resolve) => setTimeout(resolve, 500));
    child.kill('SIGTERM');
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(code).toBe(7);
  });
});
