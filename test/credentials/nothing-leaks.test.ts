import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { type OriginHandler, secureOrigin } from '../support/origins.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { LOGIN, TOKEN_HOST, tokenEndpoint } from './google-origins.ts';
import { atHttpsPort, credentialLab, STUB, withOrigins } from './lab.ts';
import { startProgram } from './programs.ts';

const OPENAI = 'api.openai.com';
const ANTHROPIC = 'api.anthropic.com';
const API = 'cloudresourcemanager.googleapis.com';
/** Allowed, routed, and without a value for its credential. */
const STRANGER = 'stranger.example.com';
const OPENAI_KEY = 'sk-real-openai-0123456789abcdef';
const ANTHROPIC_KEY = 'sk-ant-real-anthropic-0123456789abcdef';
const ROUTES = `
- { name: stranger, from: { env: STRANGER_KEY }, inject: { type: bearer }, hosts: [${STRANGER}] }
- { name: own-anthropic, from: { env: ANTHROPIC_API_KEY }, inject: { type: header, name: x-api-key }, hosts: [${ANTHROPIC}], scrubBodies: true }
`;

/** The worst service: it sends back all that it gets, in fields, in the body and as an error. */
const echoing: OriginHandler = (request, response) => {
  request.resume();
  request.on('end', () => {
    const { 'x-api-key': key, authorization } = request.headers;
    const given = String(key ?? authorization);
    const isEcho = request.url === '/v1/echo';
    response.writeHead(isEcho ? 200 : 403, {
      'content-type': 'application/json',
      'x-given': given,
      'set-cookie': `session=${given}`,
      location: `https://elsewhere.example/?key=${encodeURIComponent(given)}`,
    });
    // Only the route of Anthropic asks for bodies to be searched.
    const isSearched = key !== undefined;
    response.end(
      JSON.stringify({ error: { message: isSearched ? `your key ${given} is bad` : 'your key is bad' } }),
    );
  });
};

/** Every file below a directory, as text. */
async function contentsOf(directory: string): Promise<Map<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(file, 'latin1')] as const)),
  );
}

/** The forms in which a secret might be there: as it is, in Base64, percent-encoded, backwards. */
function formsOf(secret: string): readonly string[] {
  const core = (text: string) => text.slice(2, -4);
  const encoded = [0, 1, 2].map((shift) =>
    core(Buffer.from(`${'x'.repeat(shift)}${secret}`).toString('base64')),
  );
  return [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('hex'),
    [...secret].reverse().join(''),
    ...encoded,
  ];
}

withOrigins().test(
  'the client never holds a credential: not in its memory, its environment, its files, nor in anything that the proxy says',
  async () => {
    const service = (names: readonly string[]) =>
      atHttpsPort((place) => secureOrigin(echoing, { names, ...place }));
    const tokens = untilTestEnds(await tokenEndpoint());
    const origin = untilTestEnds(await service([OPENAI, ANTHROPIC, API, STRANGER]));
    const lab = untilTestEnds(
      await credentialLab({
        origins: {
          [TOKEN_HOST]: tokens,
          [OPENAI]: origin,
          [ANTHROPIC]: origin,
          [API]: origin,
          [STRANGER]: origin,
        },
        secrets: {
          OPENAI_API_KEY: OPENAI_KEY,
          ANTHROPIC_API_KEY: ANTHROPIC_KEY,
          GCP_ADC_JSON: JSON.stringify(LOGIN),
        },
        routes: ROUTES,
      }),
    );
    const { session, proxy, directory } = lab;
    const snapshot = session.home.join('client.heapsnapshot');
    const urls = [`https://${API}/v1/projects/demo-project`, `https://${STRANGER}/`];
    const running = untilTestEnds(await startProgram(session, 'everything', [...urls, snapshot]));
    // The shell that reads the stubs becomes the client.
    const environ = await eventually('the client to start', async () => {
      const text = await readFile(`/proc/${running.pid}/environ`, 'latin1');
      return text.includes(STUB) && text;
    });
    expect((await running.exited).code, running.stderr).toBe(0);
    const pages = await Promise.all(
      ['/metrics', '/blocked', '/healthz', '/readyz', '/policy'].map(async (path) => {
        const response = await fetch(`${proxy.adminUrl}${path}`);
        return `${path} ${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`;
      }),
    );
    const files = await contentsOf(session.home.path);
    const authority = await readFile(directory.join('ca', 'ca.key'), 'utf8');
    await proxy.stop();

    // The services have seen the real ones.
    const seen = JSON.stringify(origin.requests.map(({ headers }) => headers));
    const [token = ''] = tokens.given;
    for (const secret of [OPENAI_KEY, ANTHROPIC_KEY, token]) expect(seen).toContain(secret);
    expect(tokens.asked[0]?.refresh_token).toBe(LOGIN.refresh_token);

    const everything = new Map([
      ...files,
      ['environment', environ],
      ['standard output', running.stdout],
      ['standard error', running.stderr],
      ['audit log', proxy.logLines().join('\n')],
      ['standard error of the proxy', proxy.stderr],
      ...pages.map((page) => [page.slice(0, 20), page] as const),
    ]);
    // What is looked through is what it says it is, and of a size to hold something.
    expect(everything.get(snapshot)?.length).toBeGreaterThan(5_000_000);
    expect(everything.get(snapshot)).toContain(STUB);
    expect(running.stdout).toContain('credential-unavailable');
    expect(running.stdout).toContain('stub-required');
    expect(running.stdout).toContain('your key');
    expect(everything.get('audit log')).toContain('own-anthropic');
    expect(pages[0]).toContain('paude_proxy_');

    const [keyLine = ''] = authority.split('\n').slice(1, 2);
    const secrets = [OPENAI_KEY, ANTHROPIC_KEY, token, LOGIN.refresh_token, LOGIN.client_secret, keyLine];
    const found = secrets.flatMap((secret) =>
      formsOf(secret).flatMap((form) =>
        [...everything].filter(([, text]) => text.includes(form)).map(([where]) => [secret, form, where]),
      ),
    );
    expect(found).toEqual([]);
  },
  90_000,
);
