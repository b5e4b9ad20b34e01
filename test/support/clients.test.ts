import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { authorityPem } from './certificates.ts';
import {
  allowPrivateFlags,
  type ClientOptions,
  curl,
  gitClient,
  nodeFetch,
  npm,
  npmRegistry,
  pip,
  pipIndex,
  pythonGet,
  registryAddresses,
} from './clients.ts';
import { requireComponent } from './components.ts';
import { type ConnectProxy, connectProxy } from './connect-proxy.ts';
import { gitServer } from './git-server.ts';
import { type OriginHandler, type SecureOrigin, secureOrigin } from './origins.ts';
import { type ProcessResult, successful } from './processes.ts';
import { untilTestEnds } from './teardown.ts';
import { temporaryDirectory } from './temporary.ts';

const slowMs = 60_000;

/** A proxy that sends every name to one TLS origin, so that only a client that uses the proxy finds it. */
async function behindProxy(): Promise<{ origin: SecureOrigin; proxy: ConnectProxy }> {
  const origin = untilTestEnds(await secureOrigin(undefined, { names: ['origin.test'] }));
  const proxy = untilTestEnds(await connectProxy(() => origin));
  return { origin, proxy };
}

const clients: readonly [
  string,
  (url: string, options: { proxy: string; trust: string[] }) => Promise<ProcessResult>,
  string,
][] = [
  ['curl', (url, options) => curl([url], options), 'ok\n'],
  ['node', (url, options) => nodeFetch(url, options), '200\nok\n\n'],
  ['python3', (url, options) => pythonGet(url, options), '200\nok\n'],
];

for (const [name, get, stdout] of clients) {
  requireComponent(name).test(`${name} goes through the proxy and trusts the test authority`, async () => {
    const { origin, proxy } = await behindProxy();
    const options = { proxy: proxy.url, trust: [await authorityPem()] };
    expect(successful(await get('https://origin.test/', options)).stdout).toBe(stdout);
    expect(proxy.targets).toEqual(['origin.test:443']);
    expect(origin.handshakes[0]?.serverName).toBe('origin.test');
  });

  requireComponent(name).test(`${name} does not trust the test authority unasked`, async () => {
    const { proxy } = await behindProxy();
    const result = await get('https://origin.test/', { proxy: proxy.url, trust: [] });
    expect(result).not.toMatchObject({ code: 0 });
  });
}

requireComponent('git').test('git clones through the proxy', async () => {
  const server = untilTestEnds(await gitServer({ project: { a: 'a' } }, { tlsNames: ['git.test'] }));
  const proxy = untilTestEnds(await connectProxy(() => server));
  const directory = untilTestEnds(await temporaryDirectory('clone'));
  const options = { proxy: proxy.url, trust: [await authorityPem()], cwd: directory.path };
  successful(await gitClient(['clone', 'https://git.test/project.git', 'copy'], options));
  expect(await readdir(directory.join('copy'))).toContain('a');
  expect(new Set(proxy.targets)).toEqual(new Set(['git.test:443']));
});

/** Answers as both kinds of registry do, for a package called `thing`. */
const registryHandler: OriginHandler = (request, response) => {
  const isSimple = request.url?.startsWith('/simple/');
  const version = { name: 'thing', version: '1.2.3' };
  const packument = { name: 'thing', 'dist-tags': { latest: '1.2.3' }, versions: { '1.2.3': version } };
  response.writeHead(200, { 'content-type': isSimple ? 'text/html' : 'application/json' });
  response.end(isSimple ? '<a href="/thing-1.2.3.tar.gz">thing-1.2.3.tar.gz</a>' : JSON.stringify(packument));
};

async function behindProxyRegistry(): Promise<{ proxy: ConnectProxy; options: ClientOptions }> {
  const origin = untilTestEnds(await secureOrigin(registryHandler, { names: ['registry.test'] }));
  const proxy = untilTestEnds(await connectProxy(() => origin));
  const env = {
    npm_config_registry: 'https://registry.test/',
    PIP_INDEX_URL: 'https://registry.test/simple',
  };
  return { proxy, options: { proxy: proxy.url, trust: [await authorityPem()], env } };
}

requireComponent('npm').test(
  'npm asks its registry through the proxy',
  async () => {
    const { proxy, options } = await behindProxyRegistry();
    expect(successful(await npm(['view', 'thing', 'version'], options)).stdout).toBe('1.2.3\n');
    expect(proxy.targets).toEqual(['registry.test:443']);
    expect((await npmRegistry()).protocol).toMatch(/^https?:$/);
  },
  slowMs,
);

requireComponent('python3').test(
  'pip asks its index through the proxy',
  async () => {
    const { proxy, options } = await behindProxyRegistry();
    expect(successful(await pip(['index', 'versions', 'thing'], options)).stdout).toMatch(
      /^thing \(1\.2\.3\)/,
    );
    expect(proxy.targets).toEqual(['registry.test:443']);
    expect((await pipIndex()).protocol).toMatch(/^https?:$/);
  },
  slowMs,
);

test('registryAddresses() are those of the machine’s resolver, and become flags', async () => {
  expect(await registryAddresses('127.0.0.1')).toEqual(['127.0.0.1']);
  expect(allowPrivateFlags(['127.0.0.1', '::1'])).toEqual([
    '--allow-private',
    '127.0.0.1/32',
    '--allow-private',
    '::1/128',
  ]);
});

test('a client without a proxy uses none', async () => {
  const { proxy } = await behindProxy();
  expect((await curl(['https://origin.test/'])).code).not.toBe(0);
  expect(proxy.targets).toEqual([]);
});
