import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { authorityPem } from '../support/certificates.ts';
import { trustEnvironment } from '../support/clients/trust.ts';
import { npmRegistry } from '../support/clients.ts';
import { gitServer } from '../support/git-server.ts';
import { secureOrigin, textHandler } from '../support/origins.ts';
import { runProcess, successful } from '../support/processes.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary.ts';

/**
 * What the commands of the documents see: the hosts that they name, on loopback addresses of their own with certificates
 * of their own, and a HOME that nobody has used before.
 */
export interface Stage extends AsyncDisposable {
  readonly env: NodeJS.ProcessEnv;
  /** A command as it must be written here: other ports, and a proxy that finds the hosts on the stage. */
  adapt(text: string): string;
  /** Gives the person settings of their own for sessions; undefined takes them away. */
  setSessions(settings: object | undefined): Promise<void>;
}

/** Sets the stage. Listens on port 443 of loopback addresses. */
export async function setStage(): Promise<Stage> {
  const net = `127.${randomInt(1, 250)}.${randomInt(1, 250)}`;
  const home = await temporaryDirectory('docs-home');
  const git = await gitServer(
    { 'octocat/Hello-World': { README: 'Hello World!\n' } },
    { tlsNames: ['github.com'], host: `${net}.1`, port: 443 },
  );
  const api = await secureOrigin(textHandler('{"ok":true}\n'), {
    names: ['api.github.com'],
    host: `${net}.2`,
    port: 443,
  });
  const [proxyPort, adminPort] = [await freePort(), await freePort()];
  const places = `--host github.com=${net}.1 --host api.github.com=${net}.2 --allow-private ${net}.0/24`;
  const flags = `${places} --listen 127.0.0.1:${proxyPort} --admin 127.0.0.1:${adminPort}`;
  const env = await environment(home);
  // The authorities to trust lie in a temporary directory here, of which a sandbox has its own.
  const runFlags = `${places} --read ${env.CURL_CA_BUNDLE}`;
  const dispose = async () => {
    await git.close();
    await api.close();
    await home.remove();
  };
  return {
    env,
    adapt: (text) =>
      text
        .replace(/\b3128\b/g, String(proxyPort))
        .replace(/\b9128\b/g, String(adminPort))
        // In front of the document's own flags, so that those win.
        .replace(/\b(npm start --|npx paude proxy)(?= -)(?! --help)/g, `$1 ${flags}`)
        .replace(/\bnpx paude run(?= -)(?! --help)/g, `$& ${runFlags}`)
        // The machine's own Node may be older than what the document asks for.
        .replace(/\bnode -e\b/g, 'node_modules/.bin/node -e'),
    setSessions: async (settings) => {
      const path = '.config/paude/config.json';
      if (settings === undefined) await rm(home.join(path), { force: true });
      else await home.write(path, JSON.stringify(settings));
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** The machine's registry and its npm cache, so that `npm ci` loads little; nothing else of this process's environment. */
async function environment(home: TemporaryDirectory): Promise<NodeJS.ProcessEnv> {
  const cache = successful(await runProcess('npm', ['config', 'get', 'cache']));
  return {
    PATH: process.env.PATH?.split(':')
      .filter((directory) => !directory.endsWith('/node_modules/.bin'))
      .join(':'),
    HOME: home.path,
    LANG: 'C.UTF-8',
    TMPDIR: home.path,
    npm_config_registry: (await npmRegistry()).href,
    npm_config_cache: cache.stdout.trim(),
    npm_config_prefer_offline: 'true',
    ...(await trustEnvironment(home, [await authorityPem()])),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port');
  return address.port;
}
