import { describe, expect, it } from 'vitest';
import { shown } from '../testing/shown.ts';
import { checkRoute } from './check-route.ts';

const PLAIN = { name: 'api', from: { env: 'TOKEN' }, inject: { type: 'bearer' }, hosts: ['api.example.com'] };

/** The message for a route that cannot be read; nothing of it may show a value. */
function messageFor(route: unknown): string {
  try {
    checkRoute(route, 'routes.yaml: credentials[0]');
  } catch (error) {
    expect(error).toMatchObject({ code: 'credentials-invalid' });
    expect(shown(error)).not.toMatch(/5up3r|gh[op]_|sk-/);
    return (error as Error).message;
  }
  throw new Error('It was taken');
}

describe('checkRoute()', () => {
  it.each<[string, object]>([
    ['bearer', { type: 'bearer' }],
    ['header', { type: 'header', name: 'X-Api-Key', prefix: 'Key ' }],
    ['basic', { type: 'basic', username: 'me' }],
    ['basic without a user', { type: 'basic' }],
    ['query', { type: 'query', parameter: 'key' }],
    [
      'gcp-adc',
      { type: 'gcp-adc', scopes: ['openid', 'https://a/'], allowExecutable: true, quotaProject: 'p-1' },
    ],
    ['oauth-refresh', { type: 'oauth-refresh', provider: 'claude', stateFile: '/var/lib/x' }],
    [
      'oauth-refresh of any server',
      {
        type: 'oauth-refresh',
        provider: {
          tokenEndpoint: 'https://x.example/token',
          clientId: 'c',
          clientSecret: { env: 'S' },
          body: 'json',
        },
      },
    ],
    [
      'aws-sigv4',
      { type: 'aws-sigv4', accessKeyId: { env: 'ID' }, sessionToken: { file: '/t' }, region: 'r-1' },
    ],
  ])('takes %s', (_, inject) => {
    const route = { ...PLAIN, inject };
    expect(checkRoute(route, 'here')).toEqual(route);
  });

  it('takes every other key', () => {
    const route = {
      ...PLAIN,
      from: { file: '/run/secrets/x' },
      pathPrefix: '/v1',
      order: -3,
      requireStub: false,
      stub: ['sk-ant-paude-proxy-managed'],
      otherPlaces: [{ header: 'x-key' }, { query: 'key' }],
      scrubBodies: true,
      allowMinting: true,
    };
    expect(checkRoute(route, 'here')).toEqual(route);
  });

  it('says where, what and how to write it', () => {
    expect(messageFor({ ...PLAIN, order: 'first' })).toBe(
      'Cannot read the credential routes "routes.yaml: credentials[0]": order is not right: order takes a whole number; ' +
        'the lowest comes first. Correct order.',
    );
  });

  it.each<[unknown, string]>([
    [undefined, 'it is no set of keys and values'],
    ['ghp_5up3r', 'it is no set of keys and values'],
    [[], 'it is no set of keys and values'],
    [{ ...PLAIN, name: undefined }, 'name is missing'],
    [{ ...PLAIN, name: 'a b' }, 'name is not right: name takes letters'],
    [{ ...PLAIN, name: 'x'.repeat(64) }, 'name is not right'],
    [{ ...PLAIN, name: '../x' }, 'name is not right'],
    [{ ...PLAIN, hosts: undefined }, 'hosts is missing'],
    [{ ...PLAIN, hosts: [] }, 'hosts is not right'],
    [{ ...PLAIN, hosts: 'api.example.com' }, 'hosts is not right: hosts takes a list of words'],
    [{ ...PLAIN, hosts: ['ghp_5up3r'] }, 'hosts is not right'],
    [{ ...PLAIN, hosts: ['sk-5up3r'] }, 'hosts is not right'],
    [{ ...PLAIN, hosts: ['eyJ5up3r.eyJ5up3r.x'] }, 'hosts is not right'],
    [{ ...PLAIN, from: undefined }, 'from is missing'],
    [{ ...PLAIN, from: { env: 'ghp_5up3rtoken' } }, 'from.env is not right'],
    [{ ...PLAIN, from: { env: 'sk-5up3r' } }, 'from.env is not right'],
    [
      { ...PLAIN, from: { env: 'A', file: '/5up3r' } },
      'there is more than one of env, file, metadataServer under from. Keep one',
    ],
    [{ ...PLAIN, from: { file: '' } }, 'from.file is not right'],
    [{ ...PLAIN, from: { file: '/a\0b' } }, 'from.file is not right'],
    [{ ...PLAIN, inject: undefined }, 'inject is missing'],
    [{ ...PLAIN, inject: { type: 'magic' } }, 'inject.type is not right'],
    [{ ...PLAIN, inject: { type: 'header' } }, 'inject.name of type header is missing'],
    [{ ...PLAIN, inject: { type: 'header', name: 'a\r\nb: 5up3r' } }, 'inject.name is not right'],
    [{ ...PLAIN, inject: { type: 'header', name: 'x', prefix: 'a\r\n5up3r' } }, 'inject.prefix is not right'],
    [{ ...PLAIN, inject: { type: 'basic', username: 'a:5up3r' } }, 'inject.username is not right'],
    [{ ...PLAIN, inject: { type: 'query', parameter: 'a&b=5up3r' } }, 'inject.parameter is not right'],
    [{ ...PLAIN, inject: { type: 'gcp-adc', scopes: ['a b'] } }, 'inject.scopes is not right'],
    [{ ...PLAIN, inject: { type: 'oauth-refresh', provider: 'other' } }, 'inject.provider is not right'],
    [{ ...PLAIN, stub: 'short' }, 'stub is not right'],
    [{ ...PLAIN, stub: 'with\nbreak5up3r' }, 'stub is not right'],
    [{ ...PLAIN, otherPlaces: [{ cookie: 'x' }] }, 'there is no key "cookie" under otherPlaces'],
  ])('refuses %j: %s', (route, why) => {
    expect(messageFor(route)).toContain(why);
  });

  it.each<[object, string]>([
    [{ ...PLAIN, host: ['x'] }, 'there is no key "host". Write hosts'],
    [{ ...PLAIN, requirestub: true }, 'there is no key "requirestub". Write requireStub'],
    [{ ...PLAIN, inject: { type: 'bearer', name: 'x' } }, 'there is no key "name" under inject. Use type'],
    [
      { ...PLAIN, inject: { type: 'query', paramter: 'x' } },
      'there is no key "paramter" under inject. Write parameter',
    ],
    [
      { ...PLAIN, 'ghp-5up3r-with-quite-some-length': 1 },
      'a key of 32 characters is not known. Use name, from',
    ],
  ])('knows what was meant: %j', (route, why) => {
    expect(messageFor(route)).toContain(why);
  });

  it.each<[object, string]>([
    [{ ...PLAIN, token: 'ghp_5up3r' }, '"token" would put the secret itself into the configuration'],
    [{ ...PLAIN, value: 'x5up3r' }, '"value" would put the secret itself'],
    [{ ...PLAIN, apiKey: 'x5up3r' }, '"apiKey" would put the secret itself'],
    [{ ...PLAIN, from: { secret: 'x5up3r' } }, '"secret" under from would put the secret itself'],
    [
      { ...PLAIN, inject: { type: 'bearer', token: 'x5up3r' } },
      '"token" under inject would put the secret itself',
    ],
    [{ ...PLAIN, from: 'x5up3r' }, 'from takes no text, which might be the secret itself'],
    [
      {
        ...PLAIN,
        inject: {
          type: 'oauth-refresh',
          provider: { tokenEndpoint: 'https://x.example', clientId: 'c', secret: 'x5up3r' },
        },
      },
      '"secret" under inject.provider would put the secret itself',
    ],
    [
      {
        ...PLAIN,
        inject: {
          type: 'oauth-refresh',
          provider: { tokenEndpoint: 'https://x.example', clientId: 'c', clientSecret: 'x5up3r' },
        },
      },
      'inject.provider.clientSecret is not right',
    ],
    [
      { ...PLAIN, inject: { type: 'aws-sigv4', accessKeyId: 'AKIA5up3r' } },
      'inject.accessKeyId is not right',
    ],
  ])('takes no secret itself, and shows none: %j', (route, why) => {
    expect(messageFor(route)).toContain(why);
  });

  it.each([
    'http://login.example.com/token',
    'https://me:5up3r@login.example.com/token',
    'ftp://login.example.com/',
    'login.example.com',
    'https://login.example.com/token#x',
    'http://localhost.example.com/token',
  ])('sends no refresh token to %s', (tokenEndpoint) => {
    const inject = { type: 'oauth-refresh', provider: { tokenEndpoint, clientId: 'c' } };
    expect(messageFor({ ...PLAIN, inject })).toContain('inject.provider.tokenEndpoint is not right');
  });

  it.each(['http://localhost:8080/token', 'http://127.0.0.1/token', 'http://[::1]:8080/token'])(
    'sends one to this machine itself: %s',
    (tokenEndpoint) => {
      const inject = { type: 'oauth-refresh', provider: { tokenEndpoint, clientId: 'c' } };
      expect(checkRoute({ ...PLAIN, inject }, 'here')).toMatchObject({ inject });
    },
  );
});
