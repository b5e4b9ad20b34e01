/**
 * Where the command finds the proxy: in a network of its own, so that nothing else has the port. Not a usual one, because the
 * proxy leads nobody to its own port, on whichever network.
 */
export const PROXY_PORT = 43_128;

/** The first message from inside. */
export interface EntryReady {
  /** The id of the process that becomes the command, as seen inside. */
  readonly pid: number;
}

/** The answer: what the process becomes. */
export interface EntryOrder {
  /** The program; absolute. */
  readonly file: string;
  /** From argv[0] on. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Signals that were ignored on the way in, and get their usual effect back. */
  readonly signals: readonly string[];
}

/**
 * What runs inside before the command, as the same process: a program for Node. It listens on the loopback of the new
 * network, hands the listening socket out, waits for its order, closes what it has inherited, and becomes the command.
 *
 * A signal that has a handler gets its usual effect back when a program replaces itself (execve(2)); one that is ignored
 * would stay ignored. Signals that may have no handler are left alone.
 */
export const ENTRY_PROGRAM = `
const net = require('node:net'), fs = require('node:fs');
process.once('disconnect', () => process.exit(1));
const server = net.createServer();
server.listen({ host: '127.0.0.1', port: ${PROXY_PORT}, backlog: 511 }, () =>
  process.send({ pid: process.pid }, server._handle));
process.once('message', ({ file, argv, env, signals }) => {
  process.removeAllListeners('disconnect');
  process.once('disconnect', () => {
    for (const name of signals) process.on(name, () => {});
    for (const name of fs.readdirSync('/proc/self/fd')) {
      if (Number(name) < 3) continue;
      try {
        const flags = /^flags:\\s*(\\d+)/m.exec(fs.readFileSync('/proc/self/fdinfo/' + name, 'utf8'))[1];
        if ((parseInt(flags, 8) & 0o2000000) === 0) fs.closeSync(Number(name));
      } catch {}
    }
    process.execve(file, argv, env);
  });
  process.disconnect();
});
`;
