import { setTimeout as sleep } from 'node:timers/promises';

// Loaded into a process under test (see live-memory.ts): SIGUSR2 makes it collect its garbage and say what is left.
process.on('SIGUSR2', async () => {
  for (let round = 0; round < 3; round++) {
    await globalThis.gc?.({ type: 'major', execution: 'async' });
    await sleep(20);
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  process.stdout.write(
    `${JSON.stringify({ event: 'live-memory', bytes: heapUsed + external + arrayBuffers })}\n`,
  );
});
