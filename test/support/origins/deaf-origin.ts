import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { within } from '../deadline.ts';
import type { ListenOptions, Origin } from './tcp-origin.ts';

/** Listens, and then stops its thread for good, so that nothing is ever accepted. */
const program = `
  const { createServer } = require('node:net');
  const { parentPort, workerData } = require('node:worker_threads');
  const server = createServer();
  server.listen({ host: workerData.host, port: workerData.port, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 20);
  });
`;

const mostFillers = 16;

/**
 * A listener whose accept queue is full: the kernel answers no further SYN, so that connecting neither succeeds nor
 * fails. This is what a dropped packet looks like to a client, without a firewall.
 */
export async function deafOrigin(options: ListenOptions = {}): Promise<Origin> {
  const { host = '127.0.0.1', port = 0 } = options;
  const worker = new Worker(program, { eval: true, workerData: { host, port } });
  const bound = await within(
    new Promise<number>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    }),
    'a deaf listener',
  );
  await sleep(50);
  const fillers = await fill(host, bound);
  const close = async () => {
    for (const filler of fillers) filler.destroy();
    await worker.terminate();
  };
  const authority = host.includes(':') ? `[${host}]:${bound}` : `${host}:${bound}`;
  return { host, port: bound, authority, close, [Symbol.asyncDispose]: close };
}

/** Connects until the queue takes no more. */
async function fill(host: string, port: number): Promise<readonly Socket[]> {
  const fillers: Socket[] = [];
  while (fillers.length < mostFillers) {
    const filler = connect({ host, port });
    filler.on('error', () => {});
    fillers.push(filler);
    const entered = await Promise.race([
      new Promise<boolean>((resolve) => filler.once('connect', () => resolve(true))),
      sleep(200, false),
    ]);
    if (!entered) return fillers;
  }
  throw new Error(`The queue of port ${port} took ${mostFillers} connections and is still not full`);
}
