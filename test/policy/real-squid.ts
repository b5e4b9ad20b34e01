import { chmod, mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { eventually } from '../support/deadline.ts';
import { startProcess } from '../support/processes.ts';
import { rawConnect } from '../support/raw-client.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** A squid on loopback that decides by a configuration, and asks nobody but a parent on loopback that answers all. */
export interface RealSquid extends AsyncDisposable {
  /** The status that a request gets: 200 from the parent, 403 from squid. */
  ask(host: string, port: number, method: 'CONNECT' | 'GET'): Promise<number>;
}

/** Starts squid with these `acl` and `http_access` lines. */
export async function startSquid(rules: string): Promise<RealSquid> {
  const scope = new AsyncDisposableStack();
  try {
    const directory = scope.use(await temporaryDirectory('squid'));
    // squid gives up root and writes as a user of its own.
    const writable = directory.join('writable');
    await mkdir(writable);
    await chmod(writable, 0o777);
    await chmod(directory.path, 0o755);
    const parent = scope.use(await startParent());
    const port = await freePort();
    // Names of addresses that squid would look up otherwise, and wait for.
    const hosts = await directory.write('hosts', '192.0.2.7 seven.test\n198.51.100.7 other.test\n', 0o644);
    const lines = [rules, `hosts_file ${hosts}`, plumbing(port, parent.port, writable)];
    const file = await directory.write('squid.conf', lines.join('\n'), 0o644);
    // A service name of its own keeps its shared memory apart from any other squid's.
    const name = `import${process.pid}x${port}`;
    const squid = scope.use(
      await startProcess('squid', ['-N', '-n', name, '-f', file], { lifetimeMs: 120_000 }),
    );
    await eventually('squid to listen', () => squid.hasExited || accepts(port), { timeoutMs: 20_000 });
    if (squid.hasExited) throw new Error(`squid ended: ${squid.stderr}`);
    const owned = scope.move();
    return {
      ask: (host, target, method) => ask(port, { host, target, method }),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } finally {
    await scope.disposeAsync();
  }
}

function plumbing(port: number, parentPort: number, writable: string): string {
  return [
    `http_port 127.0.0.1:${port}`,
    `cache_peer 127.0.0.1 parent ${parentPort} 0 no-query no-digest no-netdb-exchange default`,
    'never_direct allow all',
    'dns_nameservers 127.0.0.1',
    'dns_timeout 1 second',
    'cache deny all',
    'cache_mem 0 MB',
    'access_log none',
    `cache_log ${writable}/cache.log`,
    `pid_filename ${writable}/squid.pid`,
    `coredump_dir ${writable}`,
    'shutdown_lifetime 0 seconds',
    'max_filedescriptors 1024',
    'visible_hostname import.test',
    '',
  ].join('\n');
}

/** Says 200 to whatever squid lets through. */
async function startParent(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((_request, response) => void response.writeHead(200).end('let through'));
  server.on('connect', (_request, socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 200 Connection established\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function ask(
  port: number,
  {
    host,
    target,
    method,
  }: { readonly host: string; readonly target: number; readonly method: 'CONNECT' | 'GET' },
): Promise<number> {
  await using connection = await rawConnect({ port, timeoutMs: 10_000 });
  const authority = `${host.includes(':') ? `[${host}]` : host}:${target}`;
  const line = method === 'CONNECT' ? `CONNECT ${authority}` : `GET http://${authority}/`;
  await connection.send(`${line} HTTP/1.1\r\nHost: ${authority}\r\nConnection: close\r\n\r\n`);
  const status = /^HTTP\/1\.\d (\d{3})/.exec(await connection.readUntil('\r\n'))?.[1];
  return Number(status);
}

/** A port that was free a moment ago: squid cannot be asked for the one that it chose. */
async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket.destroy() !== undefined));
    socket.once('error', () => resolve(false));
  });
}
