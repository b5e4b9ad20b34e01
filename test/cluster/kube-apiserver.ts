import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { certificateFor, writeCertificate } from '../support/certificates.ts';
import { eventually } from '../support/deadline.ts';
import { type RunningProcess, startProcess } from '../support/processes.ts';
import type { TemporaryDirectory } from '../support/temporary.ts';

/** A kube-apiserver on a free port of the loopback, which survives being restarted. */
export interface KubeApiserver extends AsyncDisposable {
  readonly pid: number;
  /** `https://127.0.0.1:port` */
  readonly url: string;
  readonly caPem: string;
  /** A bearer token of the group system:masters. */
  readonly adminToken: string;
  /** Kills it; it stays away until {@link start}. */
  kill(): Promise<void>;
  /** Starts it again on its port, and waits until it is ready. */
  start(): Promise<void>;
}

export interface KubeApiserverOptions {
  readonly program: string;
  /** Where etcd is, as `--etcd-servers` takes it. */
  readonly etcd: string;
  readonly directory: TemporaryDirectory;
  readonly lifetimeMs: number;
}

const host = '127.0.0.1';
const startTimeoutMs = 120_000;

export async function startKubeApiserver(options: KubeApiserverOptions): Promise<KubeApiserver> {
  const { program, directory, lifetimeMs } = options;
  const adminToken = randomBytes(24).toString('hex');
  const certificate = await writeCertificate(
    await certificateFor([host, 'localhost']),
    directory,
    'apiserver',
  );
  const accountKey = await directory.write('service-accounts.pem', rsaKey());
  const tokens = await directory.write('tokens.csv', `${adminToken},test-admin,test-admin,system:masters\n`);
  const port = await freePort();
  const url = `https://${host}:${port}`;
  const args = [
    ...['--etcd-servers', options.etcd, '--etcd-compaction-interval', '0'],
    ...['--bind-address', host, '--secure-port', String(port), '--advertise-address', host],
    ...['--endpoint-reconciler-type', 'none', '--cert-dir', directory.join('certificates')],
    ...['--tls-cert-file', certificate.certFile, '--tls-private-key-file', certificate.keyFile],
    ...['--token-auth-file', tokens, '--authorization-mode', 'RBAC', '--anonymous-auth=false'],
    ...[
      '--service-account-issuer',
      'https://kubernetes.default.svc',
      '--api-audiences',
      'https://kubernetes.default.svc',
    ],
    ...['--service-account-key-file', accountKey, '--service-account-signing-key-file', accountKey],
    ...['--service-cluster-ip-range', '10.96.0.0/24,fd00:10:96::/112'],
    // Nothing here makes service accounts for namespaces, and pods are to be created all the same.
    '--disable-admission-plugins=ServiceAccount',
    '--allow-privileged=true',
    ...['--default-watch-cache-size', '20', '--event-ttl', '5m', '--profiling=false'],
  ];
  let running: RunningProcess | undefined;
  const kill = async () => {
    await running?.kill();
  };
  const start = async () => {
    running = await startProcess(program, args, { cwd: directory.path, lifetimeMs });
    await untilReady(running, url, { ca: certificate.caPem, token: adminToken });
  };
  try {
    await start();
  } catch (error) {
    await kill();
    throw error;
  }
  return {
    get pid() {
      return running?.pid ?? -1;
    },
    url,
    caPem: certificate.caPem,
    adminToken,
    kill,
    start,
    [Symbol.asyncDispose]: kill,
  };
}

/** Ready: its own definitions of roles and priorities are there too. */
async function untilReady(
  running: RunningProcess,
  url: string,
  access: { readonly ca: string; readonly token: string },
): Promise<void> {
  const probe = () => {
    if (running.hasExited) throw new Error(`kube-apiserver ended: ${running.stderr.slice(-4_000)}`);
    return statusOf(`${url}/readyz`, access).then(
      (status) => status === 200,
      () => false,
    );
  };
  try {
    await eventually('kube-apiserver to be ready', probe, { timeoutMs: startTimeoutMs, intervalMs: 100 });
  } catch (cause) {
    throw new Error(`kube-apiserver is not ready: ${running.stderr.slice(-4_000)}`, { cause });
  }
}

function statusOf(
  url: string,
  { ca, token }: { readonly ca: string; readonly token: string },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = {
      ca,
      headers: { authorization: `Bearer ${token}` },
      agent: false,
      timeout: 5_000,
    } as const;
    const asked = request(url, options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.once('timeout', () => asked.destroy(new Error('no answer')));
    asked.once('error', reject);
    asked.end();
  });
}

function rsaKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** A port that nobody listened on a moment ago: kube-apiserver does not tell which one it took. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('The port is unknown');
  return address.port;
}
