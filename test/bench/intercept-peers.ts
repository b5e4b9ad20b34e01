import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { haveCommand } from '../support/commands.ts';

/** A proxy that ends TLS and puts a credential on requests. */
export interface InterceptPeer {
  readonly name: string;
  /** Why it cannot be measured here; undefined when it can. */
  readonly absent: string | undefined;
  /** The command that runs it in the foreground on `port` of 127.0.0.1, and the environment that it wants besides. */
  command(setup: InterceptSetup): {
    readonly words: readonly string[];
    readonly env?: Record<string, string>;
  };
}

export interface InterceptSetup {
  readonly port: number;
  /** The `host:port` of the origin. */
  readonly target: string;
  /** The authority of the origin's certificate, a PEM file. */
  readonly originAuthority: string;
  /** An authority for certificates of its own: key and certificate in one PEM file. */
  readonly ownAuthority: string;
  /** A directory of its own, empty. */
  readonly directory: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const CERTGEN = '/usr/lib/squid/security_file_certgen';
const CREDENTIAL = 'a-credential-for-the-bench';

/** As it is shipped: bundled, with the flags of its image, its audit log on: two events a request. */
const ours: InterceptPeer = {
  name: 'paude',
  absent: undefined,
  command({ port, target, originAuthority, directory }) {
    const routes = join(directory, 'credentials.json');
    const route = {
      name: 'bench',
      from: { env: 'BENCH_CREDENTIAL' },
      inject: { type: 'header', name: 'x-api-key' },
      hosts: [target],
    };
    writeFileSync(routes, JSON.stringify({ credentials: [route] }));
    const words = [
      process.execPath,
      '--max-semi-space-size=8',
      join(root, 'apps/paude/dist/main.js'),
      'proxy',
      ...['--listen', `127.0.0.1:${port}`, '--admin', 'off'],
      ...['--allowed-domains', target, '--allow-private', '127.0.0.0/8'],
      ...['--credentials', routes, '--no-default-credentials', '--upstream-ca', originAuthority],
      ...['--ca-dir', join(directory, 'ca'), '--log', join(directory, 'audit.jsonl'), '--log-format', 'json'],
      ...['--client-rate', '1000000', '--client-connections', '20000'],
    ];
    return { words, env: { BENCH_CREDENTIAL: CREDENTIAL } };
  },
};

/** squid with ssl-bump, its access log on, caching off. */
const squid: InterceptPeer = {
  name: 'squid, ssl-bump',
  absent: squidLacks(),
  command({ port, originAuthority, ownAuthority, directory }) {
    // squid gives up root and writes as a user of its own.
    const writable = join(directory, 'squid');
    mkdirSync(writable);
    const database = join(writable, 'certificates');
    execFileSync(CERTGEN, ['-c', '-s', database, '-M', '4MB'], { stdio: 'ignore' });
    for (const path of [writable, database]) chmodSync(path, 0o777);
    execFileSync('chmod', ['-R', 'a+rwX', database]);
    chmodSync(directory, 0o755);
    const file = join(directory, 'squid.conf');
    const lines = [
      `http_port 127.0.0.1:${port} ssl-bump tls-cert=${ownAuthority} generate-host-certificates=on dynamic_cert_mem_cache_size=4MB`,
      `sslcrtd_program ${CERTGEN} -s ${database} -M 4MB`,
      'sslcrtd_children 2 startup=1',
      'ssl_bump bump all',
      `tls_outgoing_options cafile=${originAuthority}`,
      // squid 5 finds no IP address in a certificate; the rest it verifies all the same.
      'sslproxy_cert_error allow all',
      'http_access allow all',
      'request_header_access X-Api-Key deny all',
      `request_header_add X-Api-Key "${CREDENTIAL}" all`,
      `access_log stdio:${join(writable, 'access.log')} squid`,
      'cache deny all',
      'cache_mem 0 MB',
      `pid_filename ${join(writable, 'squid.pid')}`,
      `cache_log ${join(writable, 'cache.log')}`,
      `coredump_dir ${writable}`,
      'shutdown_lifetime 0 seconds',
      'max_filedescriptors 20000',
      'visible_hostname bench',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    return { words: ['squid', '-N', '-n', `bench${process.pid}x${port}`, '-f', file] };
  },
};

const mitmproxy: InterceptPeer = {
  name: 'mitmproxy',
  absent: haveCommand('mitmdump') ? undefined : 'no mitmdump',
  command({ port, originAuthority, directory }) {
    const words = [
      ...['mitmdump', '-q', '--listen-host', '127.0.0.1', '--listen-port', String(port)],
      ...['--set', `confdir=${join(directory, 'mitmproxy')}`],
      ...['--set', `ssl_verify_upstream_trusted_ca=${originAuthority}`],
      ...['--modify-headers', `/~q/X-Api-Key/${CREDENTIAL}`],
    ];
    return { words };
  },
};

export const INTERCEPT_PEERS: readonly InterceptPeer[] = [ours, squid, mitmproxy];

function squidLacks(): string | undefined {
  if (!haveCommand('squid')) return 'no squid';
  const features = execFileSync('squid', ['-v'], { encoding: 'utf8' });
  return features.includes('--with-openssl')
    ? undefined
    : 'squid is built without OpenSSL (Debian has squid-openssl)';
}
