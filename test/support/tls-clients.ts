import { goProgram, javaProgram, nodeProgram, pythonProgram } from './clients/tls-programs.ts';
import { pythonExecutable, runClient } from './clients.ts';
import { type ComponentTests, requireComponent } from './components.ts';
import { type ProcessResult, runProcess, successful } from './processes.ts';
import { temporaryDirectory } from './temporary.ts';

/** A TLS server, and the name or address that it should be taken for. */
export interface TlsTarget {
  readonly host: string;
  /** An IP address that the client connects to whatever `host` is. */
  readonly address: string;
  readonly port: number;
}

/** A program that makes a TLS handshake as its users do, trusting the authorities of one file alone. */
export interface TlsClient {
  readonly name: string;
  readonly needs: ComponentTests;
  /** How it refuses what name constraints forbid. Undefined: it takes no notice of those of an authority it trusts. */
  readonly refusal: RegExp | undefined;
  /** For each target `accepted`, or what the client said. */
  handshakes(caFile: string, targets: readonly TlsTarget[]): Promise<readonly string[]>;
}

const lifetimeMs = 120_000;
const openssl = /(?:permitted|excluded) subtree violation/;

/** The TLS clients that a session is likely to have, each with its own way of verifying certificates. */
export const tlsClients: readonly TlsClient[] = [
  {
    name: 'Node',
    needs: requireComponent('node'),
    refusal: openssl,
    handshakes: async (caFile, targets) =>
      lines(
        await runClient(
          process.execPath,
          ['--input-type=module', '--eval', nodeProgram, caFile, ...targets.map(written)],
          { timeoutMs: lifetimeMs },
        ),
      ),
  },
  {
    name: 'curl',
    needs: requireComponent('curl'),
    refusal: openssl,
    handshakes: (caFile, targets) =>
      oneByOne(targets, ({ host, address, port }) =>
        runClient('curl', [
          ...['--disable', '--silent', '--show-error', '--max-time', '30', '--cacert', caFile],
          ...['--connect-to', `${host}:${port}:${address}:${port}`, `https://${host}:${port}/`],
        ]),
      ),
  },
  {
    name: 'OpenSSL, strictly',
    needs: requireComponent('openssl'),
    refusal: openssl,
    handshakes: (caFile, targets) =>
      oneByOne(targets, ({ host, address, port }) =>
        runClient('openssl', [
          ...['s_client', '-connect', `${address}:${port}`, '-CAfile', caFile, '-no-CApath', '-brief'],
          ...['-x509_strict', '-verify_return_error'],
          ...(host === address ? ['-verify_ip', host] : ['-servername', host, '-verify_hostname', host]),
        ]),
      ),
  },
  {
    name: 'Python, strictly',
    needs: requireComponent('python3'),
    refusal: openssl,
    handshakes: async (caFile, targets) =>
      lines(
        await runClient(await pythonExecutable(), ['-c', pythonProgram, caFile, ...targets.map(written)], {
          timeoutMs: lifetimeMs,
        }),
      ),
  },
  {
    name: 'Go',
    needs: requireComponent('go'),
    refusal: /is not authorized to sign for this name/,
    async handshakes(caFile, targets) {
      await using directory = await temporaryDirectory('go');
      const source = await directory.write('main.go', goProgram);
      // Only its build cache is the machine's: without one it compiles its whole library again.
      const { stdout: cache } = successful(await runProcess('go', ['env', 'GOCACHE']));
      const env = { GO111MODULE: 'off', GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOCACHE: cache.trim() };
      const args = ['run', source, caFile, ...targets.map(written)];
      return lines(await runClient('go', args, { env, timeoutMs: lifetimeMs }));
    },
  },
  {
    name: 'Java',
    needs: requireComponent('java', 'javac'),
    refusal: undefined,
    async handshakes(caFile, targets) {
      await using directory = await temporaryDirectory('java');
      const source = await directory.write('Client.java', javaProgram);
      const args = [source, caFile, ...targets.map(written)];
      return lines(await runClient('java', args, { timeoutMs: lifetimeMs }));
    },
  },
];

function written({ host, address, port }: TlsTarget): string {
  return `${host}@${address}@${port}`;
}

function lines(result: ProcessResult): readonly string[] {
  return successful(result).stdout.trimEnd().split('\n');
}

async function oneByOne(
  targets: readonly TlsTarget[],
  connect: (target: TlsTarget) => Promise<ProcessResult>,
): Promise<readonly string[]> {
  const said: string[] = [];
  for (const target of targets) {
    const { code, stderr } = await connect(target);
    said.push(code === 0 ? 'accepted' : stderr);
  }
  return said;
}
