import type { ListenOptions, TcpOrigin } from './tcp-origin.ts';
import { tcpOrigin } from './tcp-origin.ts';

/** Says nothing until it has the peer's FIN; then answers and closes. */
export function answersAfterFinOrigin(
  answer: string | ((received: Buffer) => string) = (received) => `got ${received.length}\n`,
  options: ListenOptions = {},
): Promise<TcpOrigin> {
  return tcpOrigin((socket, record) => {
    socket.on('end', () => socket.end(typeof answer === 'string' ? answer : answer(record.received)));
  }, options);
}

/** Sends its greeting and its FIN at once, and goes on reading until the peer's FIN. */
export function finsFirstOrigin(greeting = 'bye\n', options: ListenOptions = {}): Promise<TcpOrigin> {
  return tcpOrigin((socket) => socket.end(greeting), options);
}
