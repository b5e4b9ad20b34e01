import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { controlOutput } from './control-output.ts';

test('controlOutput() gives what a terminal shows, and nothing of what tmux says besides', async () => {
  const stream = controlOutput();
  const said = text(stream);
  for (const piece of [
    '%begin 1 2 0\n%end 1 2 0\n%out',
    'put %0 a\\015\\012\\033[1m\\134',
    '\u00c3\u00a9\n%exit\n',
  ]) {
    stream.write(Buffer.from(piece, 'latin1'));
  }
  stream.end();
  expect(await said).toBe('a\r\n\u001b[1m\\é');
});
