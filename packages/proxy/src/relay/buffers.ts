/** Where a socket reads to while its traffic is light. All sockets share it: what is in it must be copied at once. */
export const SHARED_BYTES = 64 * 1024;
export const sharedBuffer: Buffer = Buffer.allocUnsafeSlow(SHARED_BYTES);

/** Where a socket reads to while it moves bulk: its own, so that chunks need no copy. */
const BULK_BYTES = 256 * 1024;
/** How many bulk buffers may be in use at once; beyond it, bulk goes through the shared buffer and is copied. */
const MAX_BULK_BUFFERS = 256;

const idle: Buffer[] = [];
let inUse = 0;

/** A buffer for one direction of one tunnel, or undefined when all are taken. */
export function takeBulkBuffer(): Buffer | undefined {
  if (inUse >= MAX_BULK_BUFFERS) return undefined;
  inUse++;
  return idle.pop() ?? Buffer.allocUnsafeSlow(BULK_BYTES);
}

/**
 * Gives a buffer back.
 *
 * @param reusable False when the kernel may still have to read from it: then it is left to the garbage collector.
 */
export function giveBulkBuffer(buffer: Buffer, reusable: boolean): void {
  inUse--;
  if (reusable && idle.length < 16) idle.push(buffer);
}

/** How many bulk buffers are in use; for tests and metrics. */
export function bulkBuffersInUse(): number {
  return inUse;
}
