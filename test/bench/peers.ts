import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { haveCommand } from '../support/commands.ts';

/** A proxy that is measured. */
export interface Peer {
  readonly name: string;
  /** A program that must be on the machine; undefined when nothing is needed. */
  readonly needs?: string;
  /** The command that runs it in the foreground on `port` of 127.0.0.1. */
  command(setup: PeerSetup): readonly string[];
}

export interface PeerSetup {
  readonly port: number;
  /** The `host:port` that clients will ask for. */
  readonly target: string;
  /** A directory of its own, empty. */
  readonly directory: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Our own proxy as it is shipped: bundled, with the flags of its image, its audit log on. Limits for one client are lifted. */
export const ours: Peer = {
  name: 'paude',
  command: ({ port, target, directory }) => [
    process.execPath,
    '--max-semi-space-size=8',
    join(root, 'apps/paude/dist/main.js'),
    'proxy',
    ...['--listen', `127.0.0.1:${port}`, '--admin', 'off'],
    ...['--allowed-domains', target, '--allow-private', '127.0.0.0/8'],
    ...['--log', join(directory, 'audit.jsonl'), '--log-format', 'json'],
    ...['--client-rate', '1000000', '--client-connections', '20000', '--max-tunnels', '9000'],
  ],
};

const proxyChain: Peer = {
  name: 'proxy-chain',
  command: ({ port }) => [process.execPath, join(root, 'test/bench/plain-proxy-chain.ts'), String(port)],
};

/** squid with its defaults, its access log on, caching off. */
const squid: Peer = { name: 'squid', needs: 'squid', command: (setup) => squidCommand(setup, true) };
const squidSilent: Peer = {
  name: 'squid, no log',
  needs: 'squid',
  command: (setup) => squidCommand(setup, false),
};

const tinyproxy: Peer = {
  name: 'tinyproxy',
  needs: 'tinyproxy',
  command: ({ port, directory }) => {
    const file = join(directory, 'tinyproxy.conf');
    writeFileSync(
      file,
      `Port ${port}\nListen 127.0.0.1\nTimeout 600\nMaxClients 10000\nLogFile "${join(directory, 'tinyproxy.log')}"\nLogLevel Connect\n`,
    );
    return ['tinyproxy', '-d', '-c', file];
  },
};

function squidCommand({ port, directory }: PeerSetup, log: boolean): string[] {
  // squid gives up root and writes as a user of its own.
  const writable = join(directory, 'squid');
  mkdirSync(writable);
  chmodSync(writable, 0o777);
  chmodSync(directory, 0o755);
  const file = join(directory, 'squid.conf');
  const lines = [
    `http_port 127.0.0.1:${port}`,
    'http_access allow all',
    log ? `access_log stdio:${join(writable, 'access.log')} squid` : 'access_log none',
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
  // A service name of its own keeps its shared memory apart from any other squid's.
  return ['squid', '-N', '-n', `bench${process.pid}x${port}`, '-f', file];
}

/** Those that are on this machine, and the names of those that are not. */
export function findPeers(): { readonly present: readonly Peer[]; readonly missing: readonly string[] } {
  const all = [ours, proxyChain, squid, squidSilent, tinyproxy];
  const isPresent = (peer: Peer) => peer.needs === undefined || haveCommand(peer.needs);
  return {
    present: all.filter(isPresent),
    missing: all.filter((peer) => !isPresent(peer)).map(({ name }) => name),
  };
}
