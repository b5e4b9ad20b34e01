import { describe, expect, it } from 'vitest';
import { STUB } from '../request/stub.ts';
import { parseProxyUrl } from './proxy-address.ts';
import { sessionEnvironment } from './session-environment.ts';
import { stubPlan } from './stub-plan.ts';
import { stubRoutes } from './stub-routes.ts';

function environmentOf(
  directory = '/run/paude',
  { proxy = 'http://127.0.0.1:3128', ...routes }: Parameters<typeof stubRoutes>[0] & { proxy?: string } = {},
) {
  const plan = stubPlan(stubRoutes(routes));
  return Object.fromEntries(sessionEnvironment(plan, { directory, proxy: parseProxyUrl(proxy) }));
}

describe('sessionEnvironment()', () => {
  it('names the proxy in both spellings, and excepts the session itself', () => {
    expect(environmentOf()).toMatchObject({
      HTTP_PROXY: 'http://127.0.0.1:3128',
      http_proxy: 'http://127.0.0.1:3128',
      HTTPS_PROXY: 'http://127.0.0.1:3128',
      https_proxy: 'http://127.0.0.1:3128',
      NO_PROXY: 'localhost,127.0.0.1,::1',
      no_proxy: 'localhost,127.0.0.1,::1',
      NODE_USE_ENV_PROXY: '1',
    });
  });

  it('has every file of the session in its directory, and no path but those', () => {
    const paths = Object.entries(environmentOf()).filter(([, value]) => value.startsWith('/'));
    expect(paths.length).toBeGreaterThan(10);
    for (const [name, path] of paths) expect(path, name).toMatch(/^\/run\/paude(?:\/[a-z_.-]+)?$/);
  });

  it('has the login of Google only with a route that needs it', () => {
    expect(environmentOf()).toMatchObject({
      GOOGLE_APPLICATION_CREDENTIALS: '/run/paude/application_default_credentials.json',
      CLOUDSDK_AUTH_ACCESS_TOKEN: STUB,
    });
    const without = environmentOf('/run/paude', { only: ['github'] });
    expect(without).not.toHaveProperty('GOOGLE_APPLICATION_CREDENTIALS');
    expect(without).not.toHaveProperty('CLOUDSDK_AUTH_ACCESS_TOKEN');
  });

  it('gives an IPv6 proxy brackets where it stands in a URL, and none where it stands alone', () => {
    const found = environmentOf('/run/paude', { proxy: 'http://[::1]:3128' });
    expect(found).toMatchObject({ HTTPS_PROXY: 'http://[::1]:3128', CLOUDSDK_PROXY_ADDRESS: '::1' });
    expect(found.JAVA_TOOL_OPTIONS).toContain('-Dhttps.proxyHost=::1 -Dhttps.proxyPort=3128');
  });

  it.each([
    ['/run/paude', '/run/paude/truststore.p12'],
    ['/run/my stubs', `'/run/my stubs/truststore.p12'`],
    [`/run/ann's "own"`, `'/run/ann'"'"'s "own"/truststore.p12'`],
  ])('quotes %s as the JVM reads it', (directory, word) => {
    const options = environmentOf(directory).JAVA_TOOL_OPTIONS;
    expect(options).toContain(`-Djavax.net.ssl.trustStore=${word} -Djavax.net.ssl.trustStoreType=PKCS12`);
  });

  it('does not let a route take a variable that the way through the proxy depends on', () => {
    const taken = ['HTTPS_PROXY', 'SSL_CERT_FILE'].map((env) => ({
      name: env.toLowerCase().replaceAll('_', '-'),
      from: { env },
      inject: { type: 'bearer' },
      hosts: ['a.test'],
    }));
    const found = environmentOf('/run/paude', { written: taken });
    expect(found.HTTPS_PROXY).toBe('http://127.0.0.1:3128');
    expect(found.SSL_CERT_FILE).toBe('/run/paude/ca-bundle.pem');
  });
});
