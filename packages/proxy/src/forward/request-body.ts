import type { IncomingMessage } from 'node:http';

/** Whether a request announces a body. */
export function hasBody(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  return coding !== undefined || (length !== undefined && length !== '0');
}

/**
 * Reads what is left of a request's body and throws it away, for as long as a head may take. Closing at once would reset
 * the connection under a client that is still sending, and take the answer with it.
 */
export function discardBody(request: IncomingMessage, timeoutMs: number): void {
  request.unpipe();
  request.resume();
  if (request.complete) return;
  const timer = setTimeout(() => request.socket.destroy(), timeoutMs);
  timer.unref();
  request.once('close', () => clearTimeout(timer));
}
