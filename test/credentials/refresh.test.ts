import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { haveCommand } from '../support/commands.ts';
import { digestOf } from '../support/digest.ts';
import { knownBytes } from '../support/known-bytes.ts';
import { type OriginHandler, secureOrigin } from '../support/origins.ts';
import { untilTestEnds } from '../support/teardown.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { atHttpsPort, credentialLab, STUB, withOrigins } from './lab.ts';

const API = 'api.anthropic.com';
const TOKENS = 'platform.claude.com';
const REVOKED = 'sk-ant-oat01-revoked-access-token-0123456789';
const AT_ONCE = 10;
/** More than is kept to be sent a second time. */
const LARGE_BYTES = 200_000;

const tokenAfter = (refreshToken: string) => `sk-ant-oat01-after-${refreshToken}`;

/** A token endpoint that takes each refresh token once and gives another, and a service that takes the newest token. */
async function subscription(protocol: 'http/1.1' | 'h2', { isDown = false } = {}) {
  const asked: string[] = [];
  let refreshToken = 'sk-ant-ort01-refresh-token-0';
  let accessToken = 'none yet';
  const endpoint: OriginHandler = async (request, response) => {
    const given: string = JSON.parse(Buffer.concat(await request.toArray()).toString()).refresh_token;
    asked.push(given);
    const isGood = given === refreshToken && !isDown;
    response.writeHead(isGood ? 200 : 400, { 'content-type': 'application/json' });
    if (!isGood) return void response.end('{"error":"invalid_grant"}');
    accessToken = tokenAfter(given);
    refreshToken = `sk-ant-ort01-refresh-token-${asked.length}`;
    const answer = { access_token: accessToken, refresh_token: refreshToken, expires_in: 28_800 };
    return void response.end(JSON.stringify(answer));
  };
  const service: OriginHandler = async (request, response) => {
    const isGood = request.headers.authorization === `Bearer ${accessToken}`;
    const digest = await digestOf(request);
    response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isGood ? digest : { error: 'revoked' }));
  };
  const tokens = untilTestEnds(
    await atHttpsPort((place) => secureOrigin(endpoint, { names: [TOKENS], ...place })),
  );
  const api = untilTestEnds(
    await atHttpsPort((place) => secureOrigin(service, { names: [API], protocols: [protocol], ...place })),
  );
  const files = untilTestEnds(await temporaryDirectory('login'));
  const claudeAiOauth = { accessToken: REVOKED, refreshToken, expiresAt: Date.now() + 3_600_000 };
  const login = await files.write('credentials.json', JSON.stringify({ claudeAiOauth }));
  const lab = untilTestEnds(
    await credentialLab({
      origins: { [API]: api, [TOKENS]: tokens },
      secrets: { ANTHROPIC_OAUTH_CREDS_FILE: login },
    }),
  );
  const curl = async (...args: readonly string[]) => {
    const common = ['--disable', '-sS', '-H', `authorization: Bearer ${STUB}`, '-H', 'expect:'];
    const { code, stdout, stderr } = await lab.session.run('curl', [...common, ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  /** How often the service was asked with a token. */
  const uses = (token: string) =>
    api.requests.filter(({ headers }) => headers.authorization === `Bearer ${token}`).length;
  return { asked, api, lab, files, curl, uses };
}

const curlTest = withOrigins(...(haveCommand('curl') ? [] : ['curl']));
const FIRST = 'sk-ant-ort01-refresh-token-0';

for (const protocol of ['http/1.1', 'h2'] as const)
  curlTest.test(
    `requests that ask at once with a token that was revoked cost one refresh, and all succeed (${protocol})`,
    async () => {
      const { asked, api, lab, files, curl, uses } = await subscription(protocol);
      const bytes = knownBytes(10_000);
      const body = await files.write('body', Buffer.concat([...bytes.pieces()]));
      const answers = Array.from({ length: AT_ONCE }, (_, number) => files.join(`answer-${number}`));
      await curl(
        ...['--no-progress-meter', '--parallel', '--parallel-immediate', '--data-binary', `@${body}`],
        ...answers.flatMap((answer) => [`https://${API}/v1/messages`, '-o', answer]),
      );
      for (const answer of answers)
        expect(JSON.parse(await readFile(answer, 'utf8'))).toEqual({
          bytes: bytes.count,
          sha256: bytes.sha256,
        });
      expect(asked).toEqual([FIRST]);
      // Each was sent once or twice, and never a third time.
      expect(uses(tokenAfter(FIRST))).toBe(AT_ONCE);
      expect(uses(REVOKED)).toBeGreaterThan(0);
      expect(uses(REVOKED)).toBeLessThanOrEqual(AT_ONCE);
      expect(api.requests.length).toBe(uses(REVOKED) + AT_ONCE);
      await lab.proxy.waitForEvent({ event: 'credential' });
      const events = lab.proxy.events({ event: 'credential', route: 'claude' });
      expect(events.map(({ credentialEvent }) => credentialEvent)).toEqual(['refreshed']);
      const metrics = await (await fetch(`${lab.proxy.adminUrl}/metrics`)).text();
      expect(metrics).toMatch(/^paude_proxy_credential_refreshes_total 1$/m);
      // What came in its place outlives the proxy.
      const state = await readFile(lab.directory.join('state', 'claude.json'), 'utf8');
      expect(JSON.parse(state)).toMatchObject({ refreshToken: 'sk-ant-ort01-refresh-token-1' });
    },
  );

curlTest.test(
  'a body that is too large to be kept is not sent again; what comes after it has the fresh token',
  async () => {
    const { asked, curl, uses, files } = await subscription('http/1.1');
    const body = await files.write('body', Buffer.concat([...knownBytes(LARGE_BYTES).pieces()]));
    const send = () => curl('-w', ' %{http_code}', '--data-binary', `@${body}`, `https://${API}/v1/messages`);
    expect(await send()).toBe('{"error":"revoked"} 401');
    expect(await send()).toMatch(/ 200$/);
    expect(asked).toEqual([FIRST]);
    expect([uses(REVOKED), uses(tokenAfter(FIRST))]).toEqual([1, 1]);
  },
);

curlTest.test('the client gets the 401 of the service when there is no fresh token to be had', async () => {
  const { asked, curl, uses, lab } = await subscription('h2', { isDown: true });
  const send = () => curl('-w', ' %{http_code}', '-d', 'hello', `https://${API}/v1/messages`);
  expect(await send()).toBe('{"error":"revoked"} 401');
  expect(await send()).toBe('{"error":"revoked"} 401');
  // A login that is refused is not shown again and again.
  expect(asked).toEqual([FIRST]);
  expect(uses(REVOKED)).toBe(2);
  expect(await lab.proxy.waitForEvent({ event: 'credential' })).toMatchObject({
    credentialEvent: 'refresh-failed',
    detail: `the token endpoint at ${TOKENS} answered 400 (invalid_grant)`,
  });
});
