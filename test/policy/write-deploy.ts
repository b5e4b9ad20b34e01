import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deployTree } from '@paude/policy';

// Writes deploy/ anew: `npm run deploy:write`.
const directory = fileURLToPath(new URL('../../deploy/', import.meta.url));
await rm(directory, { recursive: true, force: true });
for (const [path, text] of deployTree()) {
  const file = join(directory, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
