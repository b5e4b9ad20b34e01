import { afterAll, expect } from 'vitest';
import { installPackages } from '../stubs/python-packages.ts';
import { eventually } from '../support/deadline.ts';
import { type OriginResponse, secureOrigin, textHandler } from '../support/origins.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { LOGIN, TOKEN_HOST, tokenEndpoint } from './google-origins.ts';
import { atHttpsPort, credentialLab, STUB, withOrigins } from './lab.ts';
import { runProgram, startProgram } from './programs.ts';

const API = 'cloudresourcemanager.googleapis.com';
const VERTEX = 'us-central1-aiplatform.googleapis.com';
const PROJECT = { projectId: 'demo-project' };
const TIMEOUT_MS = 180_000;

const directory = await temporaryDirectory('google');
afterAll(() => directory.remove());
// The titles of tests say what is missing, so it must be known before there are any.
const packages = await installPackages(directory, ['google-auth', 'requests']);

/** Google as far as its client libraries need it. */
async function google(
  handler = textHandler(JSON.stringify(PROJECT), 200, { 'content-type': 'application/json' }),
) {
  const tokens = untilTestEnds(await tokenEndpoint());
  const api = untilTestEnds(
    await atHttpsPort((place) => secureOrigin(handler, { names: [API, VERTEX], ...place })),
  );
  const lab = untilTestEnds(
    await credentialLab({
      origins: { [TOKEN_HOST]: tokens, [API]: api, [VERTEX]: api },
      secrets: { GCP_ADC_JSON: JSON.stringify(LOGIN) },
    }),
  );
  return { tokens, api, lab };
}

type Google = Awaited<ReturnType<typeof google>>;

/** The library of the session got a stub for its stub; the proxy got the real token with the real login. */
async function expectVending({ tokens, api, lab }: Google, requests: number): Promise<void> {
  expect(tokens.asked).toEqual([
    expect.objectContaining({ grant_type: 'refresh_token', refresh_token: LOGIN.refresh_token }),
  ]);
  expect(api.requests).toHaveLength(requests);
  for (const { headers } of api.requests) expect(headers.authorization).toBe(`Bearer ${tokens.given[0]}`);
  expect(JSON.stringify([tokens.requests, tokens.asked, api.requests])).not.toContain(STUB);
  const answered = await lab.proxy.waitForEvent({ event: 'decision', host: TOKEN_HOST, method: 'POST' });
  expect(answered).toMatchObject({ decision: 'allow', route: 'google', detail: 'vended' });
}

const python = `
import sys, google.auth
from google.auth.transport.requests import AuthorizedSession
credentials, _ = google.auth.default(scopes=['https://www.googleapis.com/auth/cloud-platform'])
session = AuthorizedSession(credentials)
for url in sys.argv[1:]:
    response = session.get(url, timeout=30)
    response.raise_for_status()
    print(response.text, credentials.token)
`;
const URLS = [`https://${API}/v1/projects/demo-project`, `https://${API}/v1/projects/demo-project?again`];

withOrigins().test(
  'google-auth-library takes a stub token for its stub login, and its requests carry the real one',
  async () => {
    const world = await google();
    const { code, stdout, stderr } = await runProgram(world.lab.session, 'google', URLS);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`${JSON.stringify(PROJECT)}\n`.repeat(2));
    await expectVending(world, 2);
  },
);

withOrigins(...packages.missing).test(
  'google-auth for Python does, too',
  async () => {
    const world = await google();
    const { session } = world.lab;
    const { code, stdout, stderr } = await session.run(packages.python, ['-c', python, ...URLS]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`${JSON.stringify(PROJECT)} ${STUB}\n`.repeat(2));
    await expectVending(world, 2);
  },
  TIMEOUT_MS,
);

withOrigins().test('a client of Vertex AI streams, each piece before the next is sent', async () => {
  const streams: OriginResponse[] = [];
  const world = await google((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    streams.push(response);
  });
  const running = untilTestEnds(await startProgram(world.lab.session, 'vertex'));
  const stream = await eventually('a stream', () => streams[0], { timeoutMs: 20_000 });
  for (const text of ['one', 'two', 'three']) {
    stream.write(
      `data: ${JSON.stringify({ candidates: [{ content: { role: 'model', parts: [{ text }] } }] })}\r\n\r\n`,
    );
    await running.waitForLine(new RegExp(`^${text}$`));
  }
  stream.end();
  expect((await running.exited).code, running.stderr).toBe(0);
  await expectVending(world, 1);
  expect(world.api.requests[0]?.path).toContain('/projects/demo-project/locations/us-central1/');
});
