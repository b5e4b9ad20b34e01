import { describe, expect, it } from 'vitest';
import { DEFAULT_ROUTES } from '../routes/default-table.ts';
import { stubRoutes } from './stub-routes.ts';

const names = (...args: Parameters<typeof stubRoutes>) => stubRoutes(...args).map(({ name }) => name);

describe('stubRoutes()', () => {
  it('has every route of the default table, whatever this process has in its environment', () => {
    expect(names()).toEqual(DEFAULT_ROUTES.map(({ route }) => route.name));
  });

  it('has the routes of a file in front of those', () => {
    const written = [
      { name: 'own', from: { env: 'OWN_KEY' }, inject: { type: 'bearer' }, hosts: ['a.test'] },
    ];
    expect(names({ written })).toEqual(['own', ...names()]);
  });

  it('has the routes of the established form, and nothing besides, as the proxy does', () => {
    const written = {
      credentials: [
        { env_var: 'A_KEY', injector: 'bearer', domains: ['a.test'] },
        { env_var: 'CHATGPT_AUTH_FILE', injector: 'chatgpt', domains: ['chatgpt.com'] },
        { env_var: 'ADC', injector: 'gcloud', domains: ['aiplatform.googleapis.com'] },
      ],
    };
    expect(names({ written })).toEqual(['a-key', 'chatgpt-auth-file', 'adc']);
  });

  it('keeps to the routes that are named', () => {
    expect(names({ only: ['github', 'claude'] })).toEqual(['claude', 'github']);
    expect(names({ only: [] })).toEqual([]);
  });

  it('refuses the name of a route that is not there, and says which is meant', () => {
    expect(() => stubRoutes({ only: ['githb'] })).toThrow(
      'Cannot write stubs for the route "githb": there is none of that name. Write github.',
    );
    expect(() => stubRoutes({ only: ['kubernetes'] })).toThrow(
      'Choose from anthropic, claude-token, claude,',
    );
  });

  it('refuses a file in which something is wrong, by the name of the file', () => {
    expect(() => stubRoutes({ written: { credential: [] }, where: 'routes.yaml' })).toThrow('routes.yaml');
  });
});
