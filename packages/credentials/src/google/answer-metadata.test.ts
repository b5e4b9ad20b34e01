import { describe, expect, it } from 'vitest';
import type { Field } from '../request/request-head.ts';
import { STUB } from '../request/stub.ts';
import { request } from '../testing/request.ts';
import { answerMetadata } from './answer-metadata.ts';

const FLAVOR: Field = ['Metadata-Flavor', 'Google'];
const facts = { route: 'google', projectId: 'my-project' };
const ROOT = '/computeMetadata/v1';
const ACCOUNT = `${ROOT}/instance/service-accounts/default`;

interface Parts {
  readonly fields?: readonly Field[];
  readonly host?: string;
  readonly method?: string;
}

function get(path: string, parts: Parts = {}) {
  const { fields = [FLAVOR], host = 'metadata.google.internal', method = 'GET' } = parts;
  return answerMetadata(request({ method, host, port: 80, path, fields }), facts);
}

describe('answerMetadata()', () => {
  it.each([
    'metadata.google.internal',
    'METADATA.google.internal.',
    'metadata.goog',
    '169.254.169.254',
    '[fd20:ce::254]',
  ])('stands in for %s', (host) => {
    expect(get(`${ROOT}/project/project-id`, { host })).toMatchObject({ status: 200, body: 'my-project' });
  });

  it.each(['example.com', 'metadata.google.internal.example.com', '169.254.169.253', 'metadata.azure.com'])(
    'leaves %s alone',
    (host) => {
      expect(get('/', { host })).toBeUndefined();
    },
  );

  it.each<[string, string]>([
    ['/', 'computeMetadata/\n'],
    ['/computeMetadata', 'v1/\n'],
    ['/computeMetadata/', 'v1/\n'],
    [ROOT, 'instance/\nproject/\nuniverse/\n'],
    [`${ROOT}/instance/service-accounts/`, `default/\n${STUB}@session.invalid/\n`],
    [`${ACCOUNT}/email`, `${STUB}@session.invalid`],
    [`${ACCOUNT}/scopes`, 'https://www.googleapis.com/auth/cloud-platform'],
    [`${ROOT}/project/numeric-project-id`, '0'],
    [`${ROOT}/universe/universe-domain`, 'googleapis.com'],
    [`${ROOT}/instance/service-accounts/${STUB}%40session.invalid/email`, `${STUB}@session.invalid`],
  ])('says at %s %j', (path, body) => {
    expect(get(path)).toMatchObject({ kind: 'metadata', route: 'google', status: 200, body });
  });

  it('gives a stub for a token, whatever the scopes', () => {
    const answer = get(`${ACCOUNT}/token?scopes=https://www.googleapis.com/auth/drive`);
    expect(JSON.parse(answer?.body ?? '')).toEqual({
      access_token: STUB,
      expires_in: 3599,
      token_type: 'Bearer',
    });
    expect(answer?.fields).toEqual(
      expect.arrayContaining([
        ['content-type', 'application/json'],
        ['metadata-flavor', 'Google'],
      ]),
    );
  });

  it('gives what a client asks for in one go, without the token', () => {
    const answer = get(`${ROOT}/instance/service-accounts/?recursive=true`);
    expect(JSON.parse(answer?.body ?? '').default).toEqual({
      aliases: ['default'],
      email: `${STUB}@session.invalid`,
      scopes: ['https://www.googleapis.com/auth/cloud-platform'],
    });
    expect(get(`${ROOT}/project/?recursive=true&alt=text`)?.body).toContain('project-id');
    expect(JSON.parse(get(`${ROOT}/project/?recursive=TRUE`)?.body ?? '')).toEqual({
      numericProjectId: 0,
      projectId: 'my-project',
    });
  });

  it.each([
    `${ACCOUNT}/identity?audience=https://example.com`,
    `${ROOT}/instance/attributes/ssh-keys`,
    `${ROOT}/instance/service-accounts/other/token`,
    `${ROOT}/constructor`,
    `${ROOT}/__proto__/token`,
    `${ACCOUNT}/token/access_token`,
    '/computeMetadata/v1beta1/instance',
    '/latest/meta-data/',
    '/metadata/identity/oauth2/token',
  ])('knows nothing at %s', (path) => {
    expect(get(path)).toMatchObject({ status: 404 });
  });

  it('knows no project where the credentials name none', () => {
    const head = request({
      host: 'metadata',
      port: 80,
      path: `${ROOT}/project/project-id`,
      fields: [FLAVOR],
    });
    expect(answerMetadata(head, { route: 'google' })).toMatchObject({ status: 404 });
  });

  it.each<[string, readonly Field[]]>([
    ['nothing', []],
    ['another flavor', [['metadata-flavor', 'google']]],
    ['two flavors', [FLAVOR, FLAVOR]],
    ['a forwarding proxy', [FLAVOR, ['X-Forwarded-For', '10.0.0.1']]],
  ])('refuses a request that says %s, as the real one does', (_, fields) => {
    expect(get(`${ACCOUNT}/token`, { fields })).toMatchObject({ status: 403 });
  });

  it('takes nothing but GET and HEAD', () => {
    expect(get(`${ACCOUNT}/token`, { method: 'POST' })).toMatchObject({ status: 405 });
    expect(get(`${ACCOUNT}/token`, { method: 'HEAD' })).toMatchObject({ status: 200 });
  });
});
