import http from 'node:http';
import net from 'node:net';
import type { ProxyConfig } from '@paude/proxy/config';

const TIMEOUT_MS = 3000;

/**
 * Asks the proxy in this container how it is: its admin server, or, where there is none, whether its door is open.
 *
 * @returns 0 when it is well, else 1.
 */
export function checkHealth({ admin, listen }: Pick<ProxyConfig, 'admin' | 'listen'>): Promise<0 | 1> {
  return new Promise((resolve) => {
    if (admin === undefined) {
      const socket = net.connect({ ...reachable(listen), timeout: TIMEOUT_MS });
      socket.on('timeout', () => socket.destroy());
      socket.on('connect', () => socket.end(() => resolve(0)));
      socket.on('error', () => socket.destroy());
      socket.on('close', () => resolve(1));
      return;
    }
    const address = reachable(admin);
    const where = 'path' in address ? { socketPath: address.path } : address;
    const request = http.get({ ...where, path: '/healthz', timeout: TIMEOUT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? 0 : 1);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(1));
  });
}

type Address = ProxyConfig['listen'];

/** Who listens on all addresses listens on loopback, too. */
function reachable(address: Address): { host: string; port: number } | { path: string } {
  if ('path' in address) return address;
  const { host = '127.0.0.1', port } = address;
  if (host === '0.0.0.0') return { host: '127.0.0.1', port };
  return { host: host === '::' ? '::1' : host, port };
}
