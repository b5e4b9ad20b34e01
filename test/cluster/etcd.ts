import { request } from 'node:http';
import { within } from '../support/deadline.ts';
import { startProcess } from '../support/processes.ts';
import type { TemporaryDirectory } from '../support/temporary.ts';

/** An etcd of one member on a Unix socket, with nothing kept for certain: its data goes with the test. */
export interface Etcd extends AsyncDisposable {
  readonly pid: number;
  /** As `--etcd-servers` takes it. */
  readonly endpoint: string;
  /** Forgets all but the newest revision, as a cluster does every five minutes. */
  compact(): Promise<void>;
}

export async function startEtcd(
  program: string,
  directory: TemporaryDirectory,
  lifetimeMs: number,
): Promise<Etcd> {
  const socket = directory.join('etcd.sock');
  const endpoint = `unix://${socket}`;
  const running = await startProcess(
    program,
    [
      ...['--data-dir', directory.join('etcd'), '--unsafe-no-fsync', '--log-level', 'warn'],
      ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
      ...['--listen-peer-urls', `unix://${directory.join('peer.sock')}`],
    ],
    { cwd: directory.path, lifetimeMs },
  );
  const ask = (path: string, body: unknown) => within(post(socket, path, body), `etcd's ${path}`);
  return {
    pid: running.pid,
    endpoint,
    async compact() {
      const { header } = await ask('/v3/maintenance/status', {});
      await ask('/v3/kv/compaction', { revision: header?.revision, physical: true });
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

interface EtcdAnswer {
  readonly header?: { readonly revision?: string };
}

/** etcd's JSON gateway. */
function post(socketPath: string, path: string, body: unknown): Promise<EtcdAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method: 'POST', host: 'localhost' }, async (response) => {
      let text = '';
      for await (const piece of response.setEncoding('utf8')) text += piece;
      if (response.statusCode === 200) resolve(JSON.parse(text));
      else reject(new Error(`etcd answers ${response.statusCode}: ${text}`));
    });
    asked.once('error', reject);
    asked.end(JSON.stringify(body));
  });
}
