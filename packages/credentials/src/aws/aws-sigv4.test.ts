import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Field, fieldValues, type RequestHead } from '../request/request-head.ts';
import { STUB, stubsOf } from '../request/stub.ts';
import { EnvironmentSecret } from '../secrets/environment-secret.ts';
import { FileSecret } from '../secrets/file-secret.ts';
import { request } from '../testing/request.ts';
import { shown } from '../testing/shown.ts';
import { temporary } from '../testing/temporary.ts';
import { sigv4Fault } from '../testing/verify-sigv4.ts';
import { AwsSigv4Injector, type AwsSigv4Options } from './aws-sigv4.ts';

const context = { stubs: stubsOf(), requireStub: true, otherPlaces: [] };
const IAM_EXAMPLE = { id: 'AKIDEXAMPLE', key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const S3_EXAMPLE = { id: 'AKIAIOSFODNN7EXAMPLE', key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };

interface Keys {
  readonly id: string;
  readonly key: string;
  readonly token?: string;
}

function injectorOf({ id, key, token }: Keys, options: Partial<AwsSigv4Options> = {}, requireStub = true) {
  const from = (value: string) => new EnvironmentSecret('AWS', { AWS: value });
  return new AwsSigv4Injector(
    {
      accessKeyId: from(id),
      secretAccessKey: from(key),
      ...(token === undefined ? {} : { sessionToken: from(token) }),
      ...options,
    },
    { ...context, requireStub },
  );
}

/** What goes out. */
async function signed(injector: AwsSigv4Injector, head: RequestHead, body?: string): Promise<RequestHead> {
  const injection = await injector.inject(head, body === undefined ? undefined : Buffer.from(body));
  if (injection.kind === 'refused') throw new Error(`${injection.reason}: ${injection.detail}`);
  return injection.head;
}

const authorizationOf = ({ fields }: RequestHead) => fieldValues(fields, 'authorization').join();

/** The field of a client that holds the stub. */
function stubSignature(service: string, region = 'us-east-1', id = STUB): Field {
  const scope = `${id}/20300101/${region}/${service}/aws4_request`;
  return [
    'Authorization',
    `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
  ];
}

describe('AwsSigv4Injector signs as the published examples', () => {
  const suite = { region: 'us-east-1', service: 'service', now: () => new Date('2015-08-30T12:36:00Z') };
  const example = (parts: Parameters<typeof request>[0]) =>
    request({ host: 'example.amazonaws.com', ...parts });
  const form: Field = ['Content-Type', 'application/x-www-form-urlencoded'];

  it.each<[string, RequestHead, string, string]>([
    ['get-vanilla', example({}), '', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'get-vanilla-query-order-key-case',
      example({ path: '/?Param2=value2&Param1=value1' }),
      '',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'get-unreserved',
      example({ path: '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' }),
      '',
      '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
    ],
    [
      'post-vanilla',
      example({ method: 'POST' }),
      '',
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
    [
      'post-x-www-form-urlencoded',
      example({ method: 'POST', fields: [form] }),
      'Param1=value1',
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
  ])('of the test suite: %s', async (_, head, body, signature) => {
    const out = await signed(injectorOf(IAM_EXAMPLE, suite), head, body);
    expect(authorizationOf(out)).toContain(`Signature=${signature}`);
  });

  it('of the list of IAM users', async () => {
    const head = request({
      host: 'iam.amazonaws.com',
      path: '/?Action=ListUsers&Version=2010-05-08',
      fields: [['content-type', 'application/x-www-form-urlencoded; charset=utf-8']],
    });
    const out = await signed(injectorOf(IAM_EXAMPLE, { ...suite, service: 'iam' }), head);
    expect(authorizationOf(out)).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, ' +
        'SignedHeaders=content-type;host;x-amz-date, ' +
        'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    );
  });

  it.each([
    ['/?lifecycle', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
    ['/?max-keys=2&prefix=J', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
  ])('of S3: %s', async (path, signature) => {
    const head = request({ host: 'examplebucket.s3.amazonaws.com', path });
    const options = { region: 'us-east-1', service: 's3', now: () => new Date('2013-05-24T00:00:00Z') };
    const out = await signed(injectorOf(S3_EXAMPLE, options), head);
    expect(authorizationOf(out)).toContain(`Signature=${signature}`);
  });
});

describe('AwsSigv4Injector', () => {
  const keys = { id: 'AKIAREAL', key: '5up3r/key', token: '5up3r//token==' };
  const verifier = { accessKeyId: keys.id, secretAccessKey: keys.key };

  it('signs anew what a client signed with the stub, for its region and service', async () => {
    const head = request({
      host: 'bedrock-runtime.eu-west-1.amazonaws.com',
      method: 'POST',
      path: '/model/anthropic.claude%3A0/invoke',
      fields: [
        stubSignature('bedrock', 'eu-west-1'),
        ['X-Amz-Date', '20300101T000000Z'],
        ['x-amz-security-token', STUB],
        ['content-type', 'application/json'],
        ['accept', '*/*'],
      ],
    });
    const injection = await injectorOf(keys).inject(head, Buffer.from('{}'));
    expect(injection).toMatchObject({ kind: 'injected', secrets: ['AKIAREAL', '5up3r//token=='] });
    expect(shown(injection)).not.toMatch(/5up3r|AKIAREAL/);
    const out = await signed(injectorOf(keys), head, '{}');
    expect(sigv4Fault(out, Buffer.from('{}'), verifier)).toBeUndefined();
    expect(sigv4Fault(out, Buffer.from('{ }'), verifier)).toContain('the signature is wrong');
    expect(authorizationOf(out)).toContain('/eu-west-1/bedrock/aws4_request');
    expect(fieldValues(out.fields, 'x-amz-security-token')).toEqual(['5up3r//token==']);
    expect(JSON.stringify(out.fields)).not.toContain(STUB);
  });

  it('takes a presigned request for what it is', async () => {
    const path = `/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${STUB}%2F20300101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20300101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0&x-id=GetObject`;
    const out = await signed(injectorOf(keys), request({ host: 'b.s3.amazonaws.com', path }));
    expect(out.path).toBe('/key?x-id=GetObject');
    expect(sigv4Fault(out, Buffer.alloc(0), verifier)).toBeUndefined();
  });

  it('signs what nobody signed where the route names region and service', async () => {
    const injector = injectorOf(keys, { region: 'us-east-1', service: 'bedrock' });
    const out = await signed(injector, request({ host: 'bedrock.us-east-1.amazonaws.com', port: 8443 }));
    expect(sigv4Fault(out, Buffer.alloc(0), verifier)).toBeUndefined();
    expect(await injectorOf(keys).inject(request({ host: 'bedrock.us-east-1.amazonaws.com' }))).toEqual({
      kind: 'refused',
      reason: 'payload-unsupported',
      detail: 'neither its signature nor its route names a region and a service',
    });
  });

  it.each<[string, Partial<Parameters<typeof request>[0]>]>([
    ['in the field', { fields: [stubSignature('s3', 'us-east-1', 'AKIAL34KED')] }],
    ['in the query', { path: '/?X-Amz-Credential=AKIAL34KED%2F20300101%2Fus-east-1%2Fs3%2Faws4_request' }],
    [
      'in the query, spelled otherwise',
      { path: '/?x-amz-%43redential=AKIAL34KED/20300101/us-east-1/s3/aws4_request' },
    ],
    ['beside the stub', { fields: [stubSignature('s3'), stubSignature('s3', 'us-east-1', 'AKIAL34KED')] }],
    ['as a session token', { fields: [stubSignature('s3'), ['X-Amz-Security-Token', 'AKIAL34KED']] }],
    [
      'as a session token, with underscores',
      { fields: [stubSignature('s3'), ['x_amz_security_token', 'AKIAL34KED']] },
    ],
    [
      'as a session token in the query',
      { path: '/?X-Amz-Security-Token=AKIAL34KED', fields: [stubSignature('s3')] },
    ],
    ['as a bearer token', { fields: [['authorization', 'Bearer AKIAL34KED']] }],
    ['in Signature Version 2', { fields: [['authorization', 'AWS AKIAL34KED:c2ln']] }],
    ['in the query of Signature Version 2', { path: '/?AWSAccessKeyId=AKIAL34KED&Signature=x' }],
    [
      'in Signature Version 4A',
      {
        fields: [
          [
            'authorization',
            'AWS4-ECDSA-P256-SHA256 Credential=AKIAL34KED/20300101/s3/aws4_request, SignedHeaders=host, Signature=0',
          ],
        ],
      },
    ],
  ])('refuses a key of the client %s, and does not repeat it', async (_, parts) => {
    const head = request({ host: 'b.s3.amazonaws.com', ...parts });
    const options = { region: 'us-east-1', service: 's3' };
    const refusal = await injectorOf(keys, options).inject(head);
    expect(refusal).toMatchObject({ kind: 'refused', reason: 'stub-required' });
    expect(shown(refusal)).not.toContain('L34KED');
    const out = await signed(injectorOf(keys, options, false), head);
    expect(JSON.stringify(out)).not.toContain('L34KED');
    expect(sigv4Fault(out, Buffer.alloc(0), verifier)).toBeUndefined();
  });

  it.each<[string, string, string, readonly Field[], string | undefined, string]>([
    ['a body without a digest', 'bedrock', 'POST', [], '{"a":1}', 'needs the body'],
    ['a body of S3', 's3', 'PUT', [], 'data', 'does not'],
    [
      'a digest that the client gave',
      's3',
      'PUT',
      [['x-amz-content-sha256', 'a'.repeat(64)]],
      undefined,
      'does not',
    ],
    [
      'unsigned chunks with a trailer',
      's3',
      'PUT',
      [['X-Amz-Content-Sha256', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER']],
      undefined,
      'does not',
    ],
    ['no body', 'bedrock', 'GET', [], undefined, 'does not'],
    ['an empty body', 'bedrock', 'POST', [['content-length', '0']], undefined, 'does not'],
  ])('signs %s', async (_, service, method, fields, body, needs) => {
    const injector = injectorOf(keys);
    const head = request({ host: 'x.amazonaws.com', method, fields: [stubSignature(service), ...fields] });
    expect(injector.needsBody(head)).toBe(needs === 'needs the body');
    if (needs === 'needs the body')
      expect(await injector.inject(head)).toMatchObject({ reason: 'body-required' });
    const out = await signed(injector, head, body);
    expect(sigv4Fault(out, Buffer.from(body ?? ''), verifier)).toBeUndefined();
  });

  it.each<[string, string]>([
    [
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'its chunks are signed one by one; let the client send UNSIGNED-PAYLOAD',
    ],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', 'its chunks are signed one by one'],
    ['something', 'neither a digest nor UNSIGNED-PAYLOAD'],
    ['A'.repeat(64), 'neither a digest nor UNSIGNED-PAYLOAD'],
  ])('refuses a body with the digest %s', async (digest, why) => {
    const fields: Field[] = [stubSignature('s3'), ['x-amz-content-sha256', digest]];
    const refusal = await injectorOf(keys).inject(
      request({ host: 'b.s3.amazonaws.com', method: 'PUT', fields }),
    );
    expect(refusal).toMatchObject({ reason: 'payload-unsupported', detail: expect.stringContaining(why) });
  });

  it('refuses two digests', async () => {
    const digest: Field = ['x-amz-content-sha256', 'a'.repeat(64)];
    const fields: Field[] = [stubSignature('s3'), digest, ['X_Amz_Content_Sha256', 'UNSIGNED-PAYLOAD']];
    expect(await injectorOf(keys).inject(request({ host: 'b.s3.amazonaws.com', fields }))).toMatchObject({
      detail: 'x-amz-content-sha256 stands there twice',
    });
  });

  it('is verified by a service whatever the path, the query and the fields are', async () => {
    const segment = fc.string({
      unit: fc.constantFrom('a', '-', '.', '~', '%20', '%2F', '%C3%A9', ':', '@', '$', "'", '*', '!'),
    });
    const paths = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
    const piece = fc.constantFrom(
      'a=1',
      'b=',
      'c',
      'A=2',
      'a=%20x',
      'a=1+2',
      '%61=%2F',
      'd=%C3%A9',
      'e==',

      'constructor=y',
      '',
      'x=~*!',
    );
    const queries = fc
      .array(piece, { maxLength: 6 })
      .map((pieces) => (pieces.length === 0 ? '' : `?${pieces.join('&')}`));
    const fields = fc.array(
      fc.constantFrom<Field>(
        ['x-amz-meta-b', 'v  w'],
        ['X-Amz-Meta-A', ' x '],
        ['x-amz-meta-b', 'y'],
        ['content-type', 'text/plain'],
        ['range', 'bytes=0-1'],
        ['user-agent', 'x'],
        ['date', 'now'],
      ),
      { maxLength: 4 },
    );
    const services = fc.constantFrom('s3', 'bedrock', 's3express', 'execute-api');
    const property = fc.asyncProperty(
      services,
      paths,
      queries,
      fields,
      async (service, path, query, more) => {
        const head = request({
          host: 'x.amazonaws.com',
          path: path + query,
          fields: [stubSignature(service), ...more],
        });
        const out = await signed(injectorOf(keys), head);
        expect(sigv4Fault(out, Buffer.alloc(0), verifier)).toBeUndefined();
      },
    );
    await fc.assert(property, { numRuns: 500 });
  });
});

describe('AwsSigv4Injector with keys in files', () => {
  it('never mixes the id of one key with the secret of another', async () => {
    const mount = await temporary();
    let version = 0;
    const publish = async () => {
      const name = `..v${++version}`;
      await mkdir(join(mount, name));
      await writeFile(join(mount, name, 'id'), `AKIA${version}`);
      await writeFile(join(mount, name, 'key'), `key-${version}`);
      await symlink(name, join(mount, '..tmp'));
      await rename(join(mount, '..tmp'), join(mount, '..data'));
    };
    await publish();
    for (const name of ['id', 'key']) await symlink(`..data/${name}`, join(mount, name));
    let now = 0;
    const injector = new AwsSigv4Injector(
      {
        accessKeyId: new FileSecret(join(mount, 'id'), { now: () => now }),
        // Looked at again at another time than the id.
        secretAccessKey: new FileSecret(join(mount, 'key'), { now: () => now, recheckMs: 1700 }),
        region: 'us-east-1',
        service: 's3',
      },
      context,
    );
    expect(injector.refreshable).toBe(true);
    for (let step = 0; step < 40; step++) {
      now += 300;
      if (step % 7 === 3) await publish();
      const out = await signed(injector, request({ host: 'b.s3.amazonaws.com' }));
      const [, id = ''] = /Credential=AKIA(\d+)/.exec(authorizationOf(out)) ?? [];
      const verifier = { accessKeyId: `AKIA${id}`, secretAccessKey: `key-${id}` };
      expect(sigv4Fault(out, Buffer.alloc(0), verifier)).toBeUndefined();
    }
  });

  it('has a newer key to try once more only when there is one', async () => {
    const path = join(await temporary(), 'key');
    await writeFile(path, 'one');
    const injector = injectorOf(IAM_EXAMPLE, {
      secretAccessKey: new FileSecret(path, { recheckMs: 3_600_000 }),
      region: 'r',
      service: 's3',
    });
    const injection = await injector.inject(request({ host: 'b.s3.amazonaws.com' }));
    const generation = injection.kind === 'injected' ? injection.generation : -1;
    expect(await injector.refreshAfter(generation)).toBe(false);
    await writeFile(path, 'two');
    expect(await injector.refreshAfter(generation)).toBe(true);
    expect(await injectorOf(IAM_EXAMPLE).refreshAfter(2)).toBe(false);
  });

  it('says which secret is missing', async () => {
    const options = {
      sessionToken: new EnvironmentSecret('AWS_SESSION_TOKEN', {}),
      region: 'r',
      service: 's3',
    };
    expect(await injectorOf(IAM_EXAMPLE, options).inject(request({ host: 'b.s3.amazonaws.com' }))).toEqual({
      kind: 'refused',
      reason: 'credential-unavailable',
      detail: 'variable AWS_SESSION_TOKEN is not set',
    });
  });
});
