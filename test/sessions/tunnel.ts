import { PassThrough } from 'node:stream';
import type { Backend } from '@paude/sessions';
import { eventually } from '../support/deadline.ts';

/** A tunnel that a session has open through its proxy. */
export interface SessionTunnel {
  /** Sends a word through it, and waits until it comes back. */
  echo(word: string): Promise<void>;
  /** Waits until its far side is closed. */
  closed(): Promise<void>;
  end(): Promise<void>;
}

/** Opens one to a host and port that echoes, from inside. */
export async function openTunnel(backend: Backend, name: string, target: string): Promise<SessionTunnel> {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  let seen = '';
  stdout.setEncoding('latin1').on('data', (piece: string) => {
    seen += piece;
  });
  const script = `
    address="\${http_proxy#http://}"
    exec 3<>"/dev/tcp/\${address%:*}/\${address##*:}" || exit 1
    printf 'CONNECT ${target} HTTP/1.1\\r\\nHost: ${target}\\r\\n\\r\\n' >&3
    { cat <&3; echo CLOSED; } &
    cat >&3
    kill $! 2> /dev/null`;
  const done = backend.exec(name, { command: ['bash', '-c', script], stdin, stdout });
  const wait = (what: string, word: string) =>
    eventually(what, () => seen.includes(word), { timeoutMs: 15_000, intervalMs: 20 });
  await wait('the tunnel to open', 'HTTP/1.1 200');
  return {
    async echo(word) {
      stdin.write(`${word}\n`);
      await wait(`${word} to come back`, word);
    },
    closed: async () => void (await wait('the tunnel to be closed', 'CLOSED')),
    async end() {
      stdin.end();
      await done;
    },
  };
}
