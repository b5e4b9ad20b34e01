import type { Podman } from '../podman/podman.ts';
import { eventually } from '../support/deadline.ts';
import { runProcess, startProcess, successful } from '../support/processes.ts';

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
  close(): Promise<void>;
}

/** Starts one in a container of the proxy's image, which has Node. */
export async function startOutsideHost(
  podman: Pick<Podman, 'run'>,
  proxyImage: string,
): Promise<OutsideHost> {
  const network = 'outside-test';
  await podman.run('network', 'create', network);
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
  // It goes with the engine's other containers.
  return { address: await podman.run('inspect', '--format', format, network), close: async () => {} };
}

/** Starts one in a network namespace, behind a pair of interfaces. */
export async function startOutsideNamespace(): Promise<OutsideHost> {
  const [namespace, link, address, host] = ['paude-outside', 'paude-out0', '198.18.77.2', '198.18.77.1'];
  const ip = (...args: readonly string[]) => runProcess('ip', args);
  const close = async () => {
    await ip('link', 'del', link);
    await ip('netns', 'del', namespace);
  };
  await close();
  for (const args of [
    ['netns', 'add', namespace],
    ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace],
    ['addr', 'add', `${host}/30`, 'dev', link],
    ['link', 'set', link, 'up'],
    ['-n', namespace, 'addr', 'add', `${address}/30`, 'dev', 'eth0'],
    ['-n', namespace, 'link', 'set', 'lo', 'up'],
    ['-n', namespace, 'link', 'set', 'eth0', 'up'],
    ['-n', namespace, 'route', 'add', 'default', 'via', host],
  ]) {
    successful(await ip(...args));
  }
  const program = ['netns', 'exec', namespace, process.execPath, '-e', PROGRAM];
  const running = await startProcess('ip', program, { lifetimeMs: 1_200_000 });
  await running.waitForLine(/up/, 20_000);
  return {
    address,
    async close() {
      await running.kill();
      await close();
    },
  };
}
