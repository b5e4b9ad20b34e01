import { expect, test } from 'vitest';
import { startProcess } from '../../../../test/support/processes.ts';
import { untilTestEnds } from '../../../../test/support/teardown.ts';
import { temporaryDirectory } from '../../../../test/support/temporary.ts';
import { lockSession } from './session-lock.ts';

test('lockSession() lets one at a time change a session, and the next when it is done', async () => {
  const directory = untilTestEnds(await temporaryDirectory('lock'));
  const first = await lockSession(directory.path, 'a');
  await expect(lockSession(directory.path, 'a')).rejects.toThrow(
    'Cannot change the session "a": another paude is at work on it.',
  );
  await (await lockSession(directory.path, 'b'))[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  await (await lockSession(directory.path, 'a'))[Symbol.asyncDispose]();
});

test('lockSession() takes over the lock of a process that was killed', async () => {
  const directory = untilTestEnds(await temporaryDirectory('lock'));
  const module = new URL('session-lock.ts', import.meta.url).href;
  const program = `const { lockSession } = await import(${JSON.stringify(module)});
    await lockSession(${JSON.stringify(directory.path)}, 'a'); console.log('locked'); setInterval(() => {}, 1000);`;
  const holder = await startProcess(process.execPath, ['--input-type=module', '-e', program]);
  await holder.waitForLine(/locked/);
  await expect(lockSession(directory.path, 'a')).rejects.toThrow('another paude is at work on it');
  await holder.kill();
  await (await lockSession(directory.path, 'a'))[Symbol.asyncDispose]();
});
