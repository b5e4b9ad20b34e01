import { describe, expect, it } from 'vitest';
import { readAdc } from './adc.ts';

const USER = { type: 'authorized_user', client_id: 'id', client_secret: '5up3r', refresh_token: '5up3r' };
const FEDERATED = {
  type: 'external_account',
  audience: '//iam.googleapis.com/x',
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  credential_source: { file: '/var/run/token' },
};
const IMPERSONATED = {
  type: 'impersonated_service_account',
  service_account_impersonation_url: 'https://iamcredentials.googleapis.com/v1/x:generateAccessToken',
  source_credentials: USER,
};

function read(json: unknown, allowExecutable = false): ReturnType<typeof readAdc> {
  return readAdc(typeof json === 'string' ? json : JSON.stringify(json), { allowExecutable });
}

describe('readAdc()', () => {
  it.each([
    USER,
    { type: 'service_account', client_email: 'sa@p.iam', private_key: '5up3r' },
    FEDERATED,
    { ...USER, type: 'external_account_authorized_user' },
    IMPERSONATED,
  ])('takes $type', (json) => {
    expect(read(json)).toMatchObject({ type: json.type, json, universeDomain: 'googleapis.com' });
  });

  it('reads the project, the quota project and the universe', () => {
    expect(
      read({ ...USER, project_id: 'p', quota_project_id: 'q', universe_domain: 'apis.example' }),
    ).toMatchObject({ projectId: 'p', quotaProject: 'q', universeDomain: 'apis.example' });
  });

  it.each<[unknown, string]>([
    ['', 'holds no JSON object'],
    ['5up3r', 'holds no JSON object'],
    ['{"refresh_token":"5up3r"', 'holds no JSON object'],
    [[USER], 'holds no JSON object'],
    [{ ...USER, type: undefined }, 'holds no credentials of a type that is understood'],
    [{ ...USER, type: '5up3r' }, 'holds no credentials of a type that is understood'],
    [{ ...USER, type: 'constructor' }, 'holds no credentials of a type that is understood'],
    [{ ...USER, type: 'gdch_service_account' }, 'holds no credentials of a type that is understood'],
    [{ ...USER, refresh_token: '' }, 'holds credentials of type authorized_user without refresh_token'],
    [{ ...USER, client_secret: 5 }, 'holds credentials of type authorized_user without client_secret'],
    [{ type: 'service_account', client_email: 'x' }, 'without private_key'],
    [{ ...FEDERATED, credential_source: undefined }, 'without credential_source'],
    [
      { ...FEDERATED, credential_source: { certificate: {} } },
      'asks for mutual TLS (credential_source.certificate), which is not supported',
    ],
    [{ ...IMPERSONATED, source_credentials: undefined }, 'without source_credentials'],
    [
      { ...IMPERSONATED, source_credentials: IMPERSONATED },
      'without source_credentials (in source_credentials)',
    ],
    [
      { ...IMPERSONATED, source_credentials: { ...USER, client_id: '' } },
      'holds credentials of type authorized_user without client_id (in source_credentials)',
    ],
  ])('refuses %j, and shows nothing of it', (json, why) => {
    const adc = read(json);
    expect(adc).toContain(why);
    expect(adc).not.toContain('5up3r');
  });

  it('takes a program to run only where that is allowed, inside of other credentials too', () => {
    const program = { ...FEDERATED, credential_source: { executable: { command: '/bin/5up3r' } } };
    const nested = { ...IMPERSONATED, source_credentials: program };
    for (const json of [program, nested]) {
      expect(read(json)).toContain(
        'names a program to run (credential_source.executable); set allowExecutable',
      );
      expect(read(json)).not.toContain('5up3r');
      expect(read(json, true)).toMatchObject({ type: json.type });
    }
  });
});
