import { parseHost } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import type { Field } from '../request/request-head.ts';
import { request } from '../testing/request.ts';
import { ClosedEndpoints } from './closed-endpoints.ts';

type Line = string | readonly [method: string, host: string, path: string];

/** A request as it is written below: `POST api.example.com/path`. */
function parse(line: Line) {
  if (typeof line !== 'string') {
    const [method, host, path] = line;
    return request({ method, host, path });
  }
  const [, method = '', host = '', path = ''] = /^(\S+) ([^/]+)(\/.*)$/.exec(line) ?? [];
  return request({ method, host, path });
}

function refusalOf(
  line: Line,
  fields: readonly Field[] = [],
  { body = '', allowMinting = false } = {},
): string | undefined {
  const head = { ...parse(line), fields };
  const closed = new ClosedEndpoints(head.host);
  const on = { route: 'the-route', allowMinting };
  const answer = closed.mayAnswer(head, on) ? closed.answer(head, Buffer.from(body), on) : undefined;
  if (answer === undefined) return undefined;
  expect(answer).toMatchObject({
    kind: 'refused',
    reason: 'endpoint-closed',
    status: 403,
    route: 'the-route',
  });
  return answer.detail;
}

describe('ClosedEndpoints of Anthropic', () => {
  it.each([
    'POST api.anthropic.com/api/oauth/claude_cli/create_api_key',
    'POST console.anthropic.com/api/oauth/claude_cli/create_api_key',
    'POST api.anthropic.com//api/oauth/x/..;/claude_cli/%63reate_api_key/',
    'GET api.anthropic.com/api/oauth/claude_cli/create_api_key',
    'POST api.anthropic.com/v1/organizations/api_keys/apikey_1',
    'POST api.anthropic.com/v1/organizations/invites',
    'DELETE api.anthropic.com/v1/organizations/users/user_1',
  ])('refuses %s', (line) => {
    expect(refusalOf(line)).toMatch(/^this endpoint (?:makes API keys|administers the organization)/);
  });

  it.each([
    'POST api.anthropic.com/v1/messages',
    'POST api.anthropic.com/v1/messages/batches',
    'GET api.anthropic.com/v1/organizations/me',
    'POST api.anthropic.com/v1/files',
    'GET api.anthropic.com/api/oauth/profile',
  ])('leaves alone %s', (line) => {
    expect(refusalOf(line)).toBeUndefined();
  });
});

describe('ClosedEndpoints of OpenAI', () => {
  it.each([
    'POST api.openai.com/v1/organization/admin_api_keys',
    'POST api.openai.com/v1/organization/projects/proj_1/service_accounts',
    'POST api.openai.com/v1/organization/invites',
    'POST api.openai.com/v1/projects/proj_1/roles',
    'POST api.openai.com/dashboard/user/api_keys',
    'POST api.openai.com/v1/realtime/client_secrets',
    'POST api.openai.com/v1/realtime/sessions',
    'POST api.openai.com/v1/realtime/transcription_sessions',
    'POST api.openai.com/v1/realtime/translations/client_secrets',
    'POST api.openai.com/v1/chatkit/sessions',
    'POST eu.api.openai.com/v1/realtime/client_secrets',
  ])('refuses %s', (line) => {
    expect(refusalOf(line)).toMatch(/administers the organization|makes API keys|keys for browsers/);
  });

  it.each([
    'POST api.openai.com/v1/responses',
    'GET api.openai.com/v1/realtime?model=gpt-realtime',
    'POST api.openai.com/v1/realtime/calls',
    'GET api.openai.com/v1/organization/usage/completions',
    'POST api.openai.com/v1/chatkit/sessions/cksess_1/cancel',
  ])('leaves alone %s', (line) => {
    expect(refusalOf(line)).toBeUndefined();
  });
});

describe('ClosedEndpoints of GitHub', () => {
  it.each([
    'POST api.github.com/user/keys',
    'POST api.github.com/user/ssh_signing_keys',
    'POST api.github.com/repos/o/r/keys',
    'POST api.github.com/repositories/1296269/keys',
    'POST api.github.com/repos/o/r/actions/runners/registration-token',
    'POST api.github.com/orgs/o/actions/runners/generate-jitconfig',
    'POST api.github.com/enterprises/e/actions/runners/remove-token',
    'POST api.github.com/app/installations/1/access_tokens',
    'POST api.github.com/applications/Iv1.x/token/scoped',
    'POST api.example.ghe.com/user/keys',
  ])('refuses %s', (line) => {
    expect(refusalOf(line)).toMatch(/another key in|runner joins|tokens of an app/);
  });

  it.each([
    'GET api.github.com/user/keys',
    'GET api.github.com/repos/o/r/keys',
    'PUT api.github.com/repos/o/r/contents/keys',
    'POST api.github.com/repos/o/keys/issues',
    'POST api.github.com/graphql',
    'POST github.com/o/r/git-receive-pack',
    'DELETE api.github.com/repos/o/r/keys/1',
  ])('leaves alone %s', (line) => {
    expect(refusalOf(line)).toBeUndefined();
  });
});

describe('ClosedEndpoints of Google', () => {
  it.each([
    'POST iam.googleapis.com/v1/projects/p/serviceAccounts/sa@p.iam.gserviceaccount.com/keys',
    'POST iam.googleapis.com/v1/projects/-/serviceAccounts/sa%40p/keys:upload',
    'POST iam.mtls.googleapis.com/v1/projects/p/serviceAccounts/sa/keys',
    'POST iam.googleapis.com/google.iam.admin.v1.IAM/CreateServiceAccountKey',
    'POST iam.googleapis.com/$rpc/google.iam.admin.v1.IAM/UploadServiceAccountKey',
    'POST iam.googleapis.com/v1/projects/p/serviceAccounts/sa:signJwt',
    'POST iam.googleapis.com/v1/projects/p/serviceAccounts/sa%3AsignBlob',
    'POST iam.googleapis.com/v1/projects/p/serviceAccounts/s;a:signBlob',
    'POST iam.googleapis.com/google.iam.admin.v1.IAM/SignBlob',
    'POST iam.googleapis.com/v1/projects/p/locations/global/workloadIdentityPools/w/providers?workloadIdentityPoolProviderId=x',
    'PATCH iam.googleapis.com/v1/projects/p/locations/global/workloadIdentityPools/w/providers/x',
    'POST iam.googleapis.com/v1/projects/p/locations/global/oauthClients/c/credentials',
    'POST apikeys.googleapis.com/v2/projects/1/locations/global/keys',
    'GET apikeys.googleapis.com/v2/projects/1/locations/global/keys/x/keyString',
    'POST storage.googleapis.com/storage/v1/projects/p/hmacKeys?serviceAccountEmail=x',
    'POST storage.googleapis.com/?Action=CreateAccessKey&UserEmail=x',
    'POST storage.googleapis.com/?%41ction=Create%41ccessKey',
    'POST cloudresourcemanager.googleapis.com/v1/projects/p:setIamPolicy',
    'POST cloudresourcemanager.googleapis.com/v3/projects/p%3AsetIamPolicy',
    'POST cloudresourcemanager.googleapis.com/google.cloud.resourcemanager.v3.Projects/SetIamPolicy',
    'POST us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/e:setIamPolicy',
    'POST compute.googleapis.com/compute/v1/projects/p/zones/z/instances/i/setIamPolicy',
    'POST us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/notebookRuntimes/n:generateAccessToken',
    'POST cloudresourcemanager.googleapis.com/batch',
    'POST www.googleapis.com/batch/storage/v1',
    'POST iam.apis-example.goog/v1/projects/p/serviceAccounts/sa/keys',
  ])('refuses %s', (line) => {
    expect(refusalOf(line)).toMatch(/^this endpoint /);
  });

  it.each([
    'GET iam.googleapis.com/v1/projects/p/serviceAccounts/sa/keys',
    'POST iam.googleapis.com/v1/projects/p/serviceAccounts',
    'POST us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/m:predict',
    'POST us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/m:streamRawPredict',
    'POST us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/batchPredictionJobs',
    'POST cloudresourcemanager.googleapis.com/v1/projects/p:getIamPolicy',
    'GET storage.googleapis.com/storage/v1/projects/p/hmacKeys',
    'GET cloudresourcemanager.googleapis.com/v1/projects',
  ])('leaves alone %s', (line) => {
    expect(refusalOf(line)).toBeUndefined();
  });

  it.each<[string, string]>([
    ['X-HTTP-Method-Override', 'POST'],
    ['x_http_method_override', 'POST'],
    ['X-HTTP-Method', 'POST'],
    ['X-Method-Override', 'POST'],
  ])('takes no request for a read that has the field %s', (name, value) => {
    const line = 'GET iam.googleapis.com/v1/projects/p/serviceAccounts/sa/keys';
    expect(refusalOf(line, [[name, value]])).toContain('makes keys that last');
  });

  it('takes no request for a read that says otherwise in its query, or whose method is in lower case', () => {
    const path = '/v1/projects/p/serviceAccounts/sa/keys';
    expect(refusalOf(`GET iam.googleapis.com${path}?%24httpMethod=POST`)).toContain('makes keys');
    expect(refusalOf(`get iam.googleapis.com${path}`)).toContain('makes keys');
  });
});

describe('ClosedEndpoints of AWS', () => {
  const form: [string, string] = ['content-type', 'application/x-www-form-urlencoded'];

  it.each([
    'POST sts.amazonaws.com/',
    'GET sts.us-east-1.amazonaws.com/?Action=AssumeRole&Version=2011-06-15',
    'GET sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Action=AssumeRole',
    'POST sts-fips.us-east-1.amazonaws.com/',
    'POST vpce-1.sts.us-east-1.vpce.amazonaws.com/',
    'POST sts.cn-north-1.amazonaws.com.cn/',
    'POST iam.amazonaws.com/',
    'POST api.ecr.us-east-1.amazonaws.com/',
    'GET portal.sso.us-east-1.amazonaws.com/federation/credentials',
    'POST oidc.us-east-1.amazonaws.com/token',
    'POST cognito-identity.us-east-1.amazonaws.com/',
  ])('refuses %s', (line) => {
    expect(refusalOf(line)).toContain('gives out credentials');
  });

  it.each([
    'POST bedrock-runtime.us-east-1.amazonaws.com/model/m/converse',
    'GET examplebucket.s3.us-east-1.amazonaws.com/sts',
    'POST costs.us-east-1.amazonaws.com/',
  ])('leaves alone %s', (line) => {
    expect(refusalOf(line)).toBeUndefined();
  });

  it('lets a session ask whose credentials it has, and nothing beside that', () => {
    const ask = (body: string, line: Line = 'POST sts.us-east-1.amazonaws.com/', fields = [form]) =>
      refusalOf(line, fields, { body });
    expect(ask('Action=GetCallerIdentity&Version=2011-06-15')).toBeUndefined();
    const other = 'gives out credentials';
    expect(ask('Action=AssumeRole&Version=2011-06-15')).toContain(other);
    expect(ask('Action=GetCallerIdentity&Action=AssumeRole')).toContain(other);
    expect(ask('Action=GetCallerIdentity&RoleArn=x')).toContain(other);
    expect(ask('Action=GetCallerIdentity', 'POST sts.us-east-1.amazonaws.com/?Action=AssumeRole')).toContain(
      other,
    );
    expect(ask('Action=GetCallerIdentity', 'POST iam.amazonaws.com/')).toContain(other);
    expect(
      ask('Action=GetCallerIdentity', 'POST sts.us-east-1.amazonaws.com/', [
        form,
        ['x-amz-target', 'AssumeRole'],
      ]),
    ).toContain(other);
  });
});

describe('ClosedEndpoints anywhere', () => {
  it.each(['TRACE', 'trace', 'TRACK'])('refuses %s, which sends the credential back', (method) => {
    for (const allowMinting of [false, true]) {
      expect(refusalOf([method, 'api.example.com', '/'], [], { allowMinting })).toBe(
        'a request like this would send the credential back',
      );
    }
  });

  it.each([
    'POST api.example.com/v1/organization/admin_api_keys',
    'POST notopenai.com/v1/organization/admin_api_keys',
    'POST sts.amazonaws.com.example.com/',
    'POST api.example.com/user/keys',
  ])('leaves alone %s: another host', (line) => {
    expect(refusalOf(line)).toBeUndefined();
  });

  it('takes hosts as they are parsed', () => {
    const closed = new ClosedEndpoints(parseHost('API.GitHub.com.'));
    expect(closed.mayAnswer(parse('POST api.github.com/user/keys'), { allowMinting: false })).toBe(true);
  });

  it('lets a route through that says so', () => {
    expect(refusalOf('POST api.github.com/user/keys', [], { allowMinting: true })).toBeUndefined();
  });
});
