import { chmod, mkdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { curl } from '../support/clients.ts';
import { eventually } from '../support/deadline.ts';
import { type HttpOrigin, httpOrigin, secureOrigin, textHandler } from '../support/origins.ts';
import { type ProcessResult, runProcess, successful } from '../support/processes.ts';
import { connectThrough, getThrough } from '../support/proxy-client.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { buildBaseImage } from './base-image.ts';
import { ConfigMapDirectory } from './config-map.ts';
import { Podman, requirePodman } from './podman.ts';
import { type ContainerOptions, ProxyContainer } from './proxy-container.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const network = 'paude-proxy-test';
const image = 'localhost/paude-proxy:test';
const needs = requirePodman();

needs.describe('the proxy image', () => {
  let podman: Podman;
  let built: ProcessResult;
  /** This machine, as containers of the network see it. */
  let gateway: string;
  let anchor: ProxyContainer;
  let origin: HttpOrigin;

  beforeAll(async () => {
    podman = await Podman.create();
    // A base without libatomic, which Node wants and small bases lack: the image has to bring it.
    await buildBaseImage(podman, 'localhost/base:test', ['libatomic.so.1']);
    const args = ['run', '--silent', 'image', '--', '--tag', image, '--base', 'localhost/base:test'];
    const options = { cwd: repository, env: podman.env, lifetimeMs: 180_000 };
    built = successful(await runProcess('npm', [...args, '--engine', 'podman'], options));
    gateway = await podman.createNetwork(network);
    // The first container brings the network up, and with it the gateway's address.
    anchor = await ProxyContainer.start(podman, { image, network });
    origin = await httpOrigin(textHandler('from the origin\n'), { host: gateway });
  }, 300_000);

  afterAll(async () => {
    await origin?.close();
    await podman?.[Symbol.asyncDispose]();
  }, 120_000);

  /** A proxy in a container that finds `origin.test` on this machine. */
  async function start(options: Partial<ContainerOptions> = {}): Promise<ProxyContainer> {
    const env = {
      PAUDE_PROXY_HOSTS: `origin.test=${gateway},other.test=${gateway}`,
      PAUDE_PROXY_ALLOW_PRIVATE: `${gateway}/32`,
      ...options.env,
    };
    return untilTestEnds(await ProxyContainer.start(podman, { image, network, ...options, env }));
  }

  const targetOf = (container: ProxyContainer, port = 3128) => ({
    host: container.address,
    port,
    timeoutMs: 10_000,
  });
  const urlOf = (host: string) => `http://${host}:${origin.port}/`;

  test('is built with one command, says what it is, and needs no user of its own', async () => {
    expect(built.stdout).toContain(`Built ${image} with podman.`);
    const [inspected] = JSON.parse(await podman.run('image', 'inspect', image));
    const { Config: config, Size: size } = inspected;
    expect(config).toMatchObject({
      User: '1001:0',
      ExposedPorts: { '3128/tcp': {}, '9128/tcp': {} },
      Entrypoint: ['/opt/paude/bin/node', '--max-semi-space-size=8', '/opt/paude/app/main.js'],
    });
    expect(inspected.Healthcheck).toMatchObject({
      Test: ['CMD', '/opt/paude/bin/node', '/opt/paude/app/main.js', 'healthcheck'],
    });
    expect(config.Labels).toMatchObject({ 'org.opencontainers.image.title': 'paude-proxy' });
    expect(config.Labels['org.opencontainers.image.version']).toMatch(/^\d+\.\d+\.\d+$/);
    process.stdout.write(`The proxy image has ${(size / 1e6).toFixed(0)} MB.\n`);
    expect(size).toBeLessThan(300e6);
  });

  test('holds Node and the bundle, no shell and no package manager, and all of it can be read by group 0', async () => {
    await using directory = await temporaryDirectory('export');
    await podman.run('export', '--output', directory.join('root.tar'), anchor.name);
    const list = ['--list', '--verbose', '--file', directory.join('root.tar')];
    const { stdout } = successful(await runProcess('tar', list));
    const entries = stdout
      .trim()
      .split('\n')
      .map((line) => ({
        mode: line.slice(0, 10),
        path: line
          .split(/\s+/)
          .slice(5)
          .join(' ')
          .replace(/ -> .*/, ''),
      }));
    // podman itself puts files into etc and run.
    const programs = entries.filter(
      ({ mode, path }) => /^-.*x/.test(mode) && !/\.so(\.|$)|^(etc|run)\//.test(path),
    );
    expect(programs.map(({ path }) => path)).toEqual(['opt/paude/bin/node']);
    expect(
      entries.filter(({ path }) => /(^|\/)(sh|bash|busybox|npm|npx|apt|dpkg|rpm|apk)$/.test(path)),
    ).toEqual([]);
    const ours = entries.filter(({ path }) => path.startsWith('opt/paude/'));
    expect(ours.map(({ path }) => path)).toContain('opt/paude/app/main.js');
    expect(ours.filter(({ mode }) => mode[4] !== 'r')).toEqual([]);
    expect(ours.filter(({ mode }) => mode[5] === 'w' || mode[8] === 'w')).toEqual([]);
  });

  test('denies everything when it is told nothing', async () => {
    const answer = await getThrough(targetOf(anchor), urlOf('origin.test'));
    expect(answer.status).toBe(403);
    expect(answer.body).toContain('empty-allowlist');
  });

  test('lets through what ALLOWED_DOMAINS names and refuses the rest, over HTTP and HTTPS', async () => {
    const names = ['origin.test', 'other.test'];
    const secure = untilTestEnds(await secureOrigin(textHandler('from TLS\n'), { host: gateway, names }));
    const container = await start({ env: { ALLOWED_DOMAINS: 'origin.test:*' } });
    const proxy = container.url();
    const trust = [secure.certificate.caPem];
    const plain = await curl([urlOf('origin.test')], { proxy });
    expect(plain.stdout).toBe('from the origin\n');
    const tunnelled = await curl([`https://origin.test:${secure.port}/`], { proxy, trust });
    expect(tunnelled.stdout).toBe('from TLS\n');
    const refused = await curl([urlOf('other.test')], { proxy });
    expect(refused.stdout).toContain('other.test');
    expect(refused.stdout).toContain('not-listed');
    const refusedTunnel = await curl([`https://other.test:${secure.port}/`], { proxy, trust });
    expect(refusedTunnel.code).not.toBe(0);
    expect(refusedTunnel.stderr).toContain('403');
    expect(origin.requests.map(({ authority }) => authority)).not.toContain(`other.test:${origin.port}`);
    const close = await container.waitForEvent({ event: 'close', method: 'CONNECT' });
    expect(close).toMatchObject({
      host: 'origin.test',
      address: gateway,
      sni: 'origin.test',
      client: gateway,
    });
  });

  test('follows a mounted ConfigMap, and cuts what it no longer allows', async () => {
    const rules = (...words: readonly string[]) => ({
      'allowlist.yaml': words.map((word) => `- "${word}"\n`).join(''),
    });
    const map = untilTestEnds(await ConfigMapDirectory.create(rules('origin.test:*')));
    const container = await start({
      env: { PAUDE_PROXY_ALLOWLIST: '/etc/paude/allowlist.yaml' },
      volumes: [`${map.path}:/etc/paude:ro`],
    });
    const target = targetOf(container);
    expect((await getThrough(target, urlOf('origin.test'))).status).toBe(200);
    expect((await getThrough(target, urlOf('other.test'))).status).toBe(403);
    await using tunnel = await connectThrough(target, `origin.test:${origin.port}`);
    expect(tunnel.status).toBe(200);

    await map.update(rules('other.test:*'));
    await container.waitForEvent({ event: 'policy-changed', tunnelsCut: 1 });
    expect((await getThrough(target, urlOf('origin.test'))).status).toBe(403);
    expect((await getThrough(target, urlOf('other.test'))).status).toBe(200);
    await tunnel.connection.readToEnd();
    await container.waitForEvent({ event: 'close', reason: 'policy-changed' });

    await map.update({ 'allowlist.yaml': 'rules: [ https://nonsense ]\n' });
    await container.waitForEvent({ event: 'policy-reload-failed' });
    expect((await getThrough(target, urlOf('other.test'))).status).toBe(200);
  });

  test('is well when asked, also without an admin server, and not well when it does not answer', async () => {
    expect((await podman.try('healthcheck', 'run', anchor.name)).code).toBe(0);
    expect(await anchor.inspect('{{.State.Health.Status}}')).toBe('healthy');
    const quiet = await start({ env: { PAUDE_PROXY_ADMIN: 'off', PAUDE_PROXY_LISTEN: '0.0.0.0:3130' } });
    expect((await podman.try('healthcheck', 'run', quiet.name)).code).toBe(0);
    const asked = ['exec', '--env', 'PAUDE_PROXY_ADMIN=127.0.0.1:1', anchor.name];
    const unwell = await podman.try(...asked, '/opt/paude/bin/node', '/opt/paude/app/main.js', 'healthcheck');
    expect(unwell.code).toBe(1);
  });

  test('drains on SIGTERM: it takes no new work, lets a tunnel end, and exits with 0', async () => {
    const container = await start({ env: { ALLOWED_DOMAINS: 'origin.test:*' } });
    const target = targetOf(container);
    await using tunnel = await connectThrough(target, `origin.test:${origin.port}`);
    const stopping = container.stop();
    await container.waitForEvent({ event: 'stopping' });
    await sleep(200);
    await expect(getThrough(target, urlOf('origin.test'))).rejects.toThrow();
    await tunnel.connection.send(`GET / HTTP/1.1\r\nHost: origin.test\r\nConnection: close\r\n\r\n`);
    const answer = await tunnel.connection.readResponse();
    expect(answer.body.toString()).toBe('from the origin\n');
    tunnel.connection.end();
    expect(await stopping).toBe(0);
    const { log } = await container.logs();
    expect(log.events({ event: 'stopped' })).toMatchObject([{ drained: true }]);
  });

  test('listens where PAUDE_PROXY_LISTEN says', async () => {
    const container = await start({ env: { ALLOWED_DOMAINS: 'origin.test:*', PAUDE_PROXY_LISTEN: ':3129' } });
    expect((await getThrough(targetOf(container, 3129), urlOf('origin.test'))).status).toBe(200);
    await expect(getThrough(targetOf(container, 3128), urlOf('origin.test'))).rejects.toThrow('ECONNREFUSED');
  });

  test('serves only the clients that PAUDE_PROXY_ALLOWED_CLIENTS names, by range or by name', async () => {
    const allowedTo = async (clients: string) => {
      await using container = await start({
        env: { ALLOWED_DOMAINS: 'origin.test:*', PAUDE_PROXY_ALLOWED_CLIENTS: clients },
      });
      const { status, body } = await getThrough(targetOf(container), urlOf('origin.test'));
      return status === 403 ? /^Reason: (\S+)/m.exec(body)?.[1] : status;
    };
    expect(await allowedTo(`192.0.2.0/24,${gateway}/32`)).toBe(200);
    expect(await allowedTo('192.0.2.0/24')).toBe('client-not-allowed');
    expect(await allowedTo('nobody.invalid')).toBe('client-not-allowed');
  });

  test('adds a line to BLOCKED_LOG_PATH for each refusal', async () => {
    const directory = untilTestEnds(await temporaryDirectory('blocked'));
    await mkdir(directory.join('log'));
    await chmod(directory.path, 0o755);
    await chmod(directory.join('log'), 0o777);
    const container = await start({
      env: { ALLOWED_DOMAINS: 'origin.test:*', BLOCKED_LOG_PATH: '/log/blocked.log' },
      volumes: [`${directory.join('log')}:/log`],
    });
    await getThrough(targetOf(container), urlOf('origin.test'));
    await getThrough(targetOf(container), urlOf('other.test'));
    const text = await eventually('the line of a refusal', async () => {
      const written = await readFile(directory.join('log', 'blocked.log'), 'utf8').catch(() => '');
      return written.includes('\n') && written;
    });
    expect(text).toMatch(
      new RegExp(
        `^\\S+ \\+0000 ${gateway} TCP_DENIED/403 GET http://other\\.test:${origin.port}/ BLOCKED\\n$`,
      ),
    );
  });

  test('allows the ports of ALLOWED_OTEL_PORTS to rules that name none', async () => {
    const container = await start({
      env: { ALLOWED_DOMAINS: 'origin.test', ALLOWED_OTEL_PORTS: `4317,${origin.port}` },
    });
    const other = untilTestEnds(await httpOrigin(textHandler(), { host: gateway }));
    expect((await getThrough(targetOf(container), urlOf('origin.test'))).status).toBe(200);
    const refused = await getThrough(targetOf(container), `http://origin.test:${other.port}/`);
    expect(refused.body).toContain('port-not-allowed');
  });
});
