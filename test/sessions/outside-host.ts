import type { Podman } from '../podman/podman.ts';
import { eventually } from '../support/deadline.ts';

/** What the outside host serves; every service says `outside` to whoever reaches it. */
export const OUTSIDE_PORTS = { http: 8080, echo: 7000, udp: 5353, dns: 53 } as const;

const PROGRAM = `
const { http, echo, udp, dns } = ${JSON.stringify(OUTSIDE_PORTS)};
require('node:http').createServer((_request, response) => response.end('outside\\n')).listen(http);
require('node:net').createServer((socket) => { socket.on('error', () => {}); socket.pipe(socket); }).listen(echo);
for (const port of [udp, dns]) {
  const socket = require('node:dgram').createSocket('udp4');
  socket.on('message', (_message, { port, address }) => socket.send('outside', port, address)).bind(port);
}
setTimeout(() => process.exit(), 1800000);
console.log('up');
`;

/** A host on a network that the test has made, as a stand-in for the world. */
export interface OutsideHost {
  readonly address: string;
}

/** Starts one in a container of the proxy's image, which has Node. */
export async function startOutsideHost(podman: Podman, proxyImage: string): Promise<OutsideHost> {
  const network = 'outside-test';
  await podman.run('network', 'create', '--disable-dns', network);
  const node = ['--user', '0:0', '--no-healthcheck', '--entrypoint', '/opt/paude/bin/node'];
  await podman.run(
    'run',
    '--detach',
    '--name',
    network,
    '--network',
    network,
    ...node,
    proxyImage,
    '-e',
    PROGRAM,
  );
  await eventually('the outside host', async () => (await podman.run('logs', network)) === 'up', {
    timeoutMs: 20_000,
    intervalMs: 100,
  });
  const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
  return { address: await podman.run('inspect', '--format', format, network) };
}
