import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createScrubber } from '@paude/credentials';
import { expect, it } from 'vitest';
import { ScrubStream } from './scrub-stream.ts';

it('ScrubStream masks a secret however it is split, and gives back what only began like one', async () => {
  const pieces = [...'a s3cret-0123, s3cret', '-', '0', '123 and s3cre'];
  const source = Readable.from(pieces.map((piece) => Buffer.from(piece)));
  const scrubbed = source.pipe(new ScrubStream(createScrubber(['s3cret-0123'])));
  expect(await text(scrubbed)).toBe('a ***********, *********** and s3cre');
});
