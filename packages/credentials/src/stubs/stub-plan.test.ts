import { describe, expect, it } from 'vitest';
import { STUB } from '../request/stub.ts';
import { DEFAULT_ROUTES } from '../routes/default-table.ts';
import { stubPlan } from './stub-plan.ts';
import { stubRoutes } from './stub-routes.ts';

const planOf = (written?: unknown, only?: readonly string[]) => {
  const { placeholders, logins, hasGoogle } = stubPlan(stubRoutes({ written, only }));
  return { placeholders: Object.fromEntries(placeholders), logins: [...logins], hasGoogle };
};

describe('stubPlan()', () => {
  it('stands in for every credential of the default table', () => {
    const { placeholders, logins, hasGoogle } = planOf();
    const variables = DEFAULT_ROUTES.flatMap(({ sources }) =>
      sources.flatMap((source) => ('env' in source ? [source.env] : [])),
    );
    const otherwise = [
      // Google's libraries read a file.
      'GCP_ADC_JSON',
      // Beside ANTHROPIC_API_KEY it would be a second login for the same service.
      'CLAUDE_CODE_OAUTH_TOKEN',
    ];
    expect(Object.keys(placeholders).sort()).toEqual(
      [...new Set(variables)].filter((name) => !otherwise.includes(name)).sort(),
    );
    expect([...new Set(Object.values(placeholders))]).toEqual([STUB]);
    expect({ logins, hasGoogle }).toEqual({ logins: ['claude', 'codex'], hasGoogle: true });
  });

  it.each([
    [['claude-token'], { CLAUDE_CODE_OAUTH_TOKEN: STUB }, [], false],
    [['claude'], {}, ['claude'], false],
    [['github', 'github-git'], { GH_TOKEN: STUB, GITHUB_TOKEN: STUB }, [], false],
    [['google'], {}, [], true],
  ])('has for %j alone only what their clients look for', (only, placeholders, logins, hasGoogle) => {
    expect(planOf(undefined, only)).toEqual({ placeholders, logins, hasGoogle });
  });

  it('takes the stub of a route whose clients insist on a shape', () => {
    const stub = ['sk-test-0000000000', 'sk-other-000000000'];
    const route = {
      name: 'own',
      from: { env: 'OWN_KEY' },
      inject: { type: 'bearer' },
      hosts: ['a.test'],
      stub,
    };
    expect(planOf([route], ['own']).placeholders).toEqual({ OWN_KEY: 'sk-test-0000000000' });
  });

  it('keeps the default variable beside the one of a route for the same host', () => {
    const route = {
      name: 'own',
      from: { env: 'TEAM_KEY' },
      inject: { type: 'header', name: 'x-api-key' },
      hosts: ['api.anthropic.com'],
    };
    expect(planOf([route]).placeholders).toMatchObject({ TEAM_KEY: STUB, ANTHROPIC_API_KEY: STUB });
  });

  it('names no variable for a secret that the proxy has in a file', () => {
    const route = {
      name: 'own',
      from: { file: '/secrets/key' },
      inject: { type: 'bearer' },
      hosts: ['a.test'],
    };
    expect(planOf([route], ['own'])).toEqual({ placeholders: {}, logins: [], hasGoogle: false });
  });

  it.each([
    [undefined, {}],
    [{ env: 'TEAM_SESSION' }, { AWS_SESSION_TOKEN: STUB }],
  ])('has what clients of AWS sign with, session token %j', (sessionToken, more) => {
    const route = {
      name: 'aws',
      from: { env: 'TEAM_SECRET' },
      inject: {
        type: 'aws-sigv4',
        accessKeyId: { env: 'TEAM_ID' },
        ...(sessionToken === undefined ? {} : { sessionToken }),
      },
      hosts: ['.amazonaws.com'],
    };
    const usual = { TEAM_SECRET: STUB, AWS_ACCESS_KEY_ID: STUB, AWS_SECRET_ACCESS_KEY: STUB };
    expect(planOf([route], ['aws']).placeholders).toEqual({ ...usual, ...more });
  });
});
