import { parseHost } from '@paude/allowlist';
import { describe, expect, it } from 'vitest';
import { type Answer, type Answerer, jsonAnswer, refusedAnswer } from '../answers/answer.ts';
import { ClosedEndpoints } from '../answers/closed-endpoints.ts';
import { bearerInjector } from '../injectors/value-injectors.ts';
import { stubsOf } from '../request/stub.ts';
import { EnvironmentSecret } from '../secrets/environment-secret.ts';
import { request } from '../testing/request.ts';
import { type HostRoutesParts, RoutesOfHost } from './host-routes.ts';
import type { Route } from './route.ts';

const context = { stubs: stubsOf(), requireStub: true, otherPlaces: [] };
const injector = bearerInjector(new EnvironmentSecret('TOKEN', { TOKEN: 'real' }), context);

function route(name: string, pathPrefix?: string): Route {
  const plain = { name, credential: 'env:TOKEN', hosts: [], scrubBodies: false, injector };
  return { ...plain, ...(pathPrefix === undefined ? {} : { pathPrefix }) };
}

function routesOf(parts: Partial<HostRoutesParts>, host = 'api.example.com'): RoutesOfHost {
  return new RoutesOfHost({
    routes: [],
    minting: new Set(),
    answerers: [],
    closed: new ClosedEndpoints(parseHost(host)),
    ...parts,
  });
}

/** The route for a path, and whether it lets the request go on. */
async function chosen(routes: RoutesOfHost, path: string): Promise<string | undefined> {
  const found = routes.routeFor(path);
  const injection = await found?.injector.inject(request({ path }));
  return injection?.kind === 'refused' ? injection.reason : found?.name;
}

describe('RoutesOfHost.routeFor()', () => {
  const routes = routesOf({ routes: [route('admin', '/admin'), route('rest')] });

  it.each([
    ['/admin', 'admin'],
    ['/admin/users?x=1', 'admin'],
    ['/administrator', 'rest'],
    ['/', 'rest'],
    ['*', 'rest'],
    ['/?/admin', 'rest'],
    ['/x?y=/../admin', 'rest'],
  ])('finds for %s the route %s', async (path, expected) => {
    expect(await chosen(routes, path)).toBe(expected);
  });

  it.each([
    '/x/../admin',
    '/x/..%2fadmin',
    '/%61dmin',
    '/%2561dmin',
    '//admin',
    '/./admin',
    String.raw`/\admin`,
    '/x/..;/admin',
    '/admin;x=1/users',
    '/ADMIN',
    '/Admin/users',
    '/admin/../x',
    'https://api.example.com/admin',
    '/admin#x',
    '',
  ])('lets nothing through at %s, which servers read as one or the other', async (path) => {
    expect(await chosen(routes, path)).toBe('path-ambiguous');
  });

  it('does not mind odd paths where no route is for some paths only', async () => {
    const whole = routesOf({ routes: [route('all')] });
    expect(await chosen(whole, '/x/../admin;x=1')).toBe('all');
  });

  it('has no route for paths that none is for', async () => {
    const some = routesOf({ routes: [route('codex', '/backend-api/codex')] });
    expect(await chosen(some, '/backend-api/conversation')).toBeUndefined();
    expect(await chosen(some, '/backend-api/codex/responses')).toBe('codex');
    expect(await chosen(some, '/backend-api/%63odex/responses')).toBe('path-ambiguous');
  });
});

describe('RoutesOfHost.answer()', () => {
  const head = request({ method: 'POST', path: '/token' });
  const body = Buffer.alloc(0);
  const answering = (answer: Answer | undefined): Answerer => ({
    mayAnswer: ({ path }) => path === '/token',
    answer: () => answer,
  });
  const vended = jsonAnswer('vended', 'b', {});
  const refused = refusedAnswer('a', 'stub-required', 'no stub');
  const closed = refusedAnswer('c', 'endpoint-closed', 'closed');

  it.each([
    ['nothing when nobody answers', [], undefined],
    ['nothing when it is to be forwarded after all', [undefined], undefined],
    ['the stub token when one of two routes knows the stub', [refused, vended], vended],
    ['the refusal when none knows it', [undefined, refused], refused],
    ['what is closed, whatever others say', [vended, refused, closed], closed],
  ] as const)('gives %s', (_, answers, expected) => {
    const routes = routesOf({ answerers: answers.map(answering) });
    expect(routes.answer(head, body)).toBe(expected);
    expect(routes.mayAnswer(head)).toBe(answers.length > 0);
  });

  it('asks nobody about other requests', () => {
    const routes = routesOf({ answerers: [answering(vended)] });
    expect(routes.mayAnswer(request({ path: '/other' }))).toBe(false);
    expect(routes.answer(request({ path: '/other' }), body)).toBeUndefined();
  });
});

describe('RoutesOfHost and endpoints that give out credentials', () => {
  const mint = request({ method: 'POST', host: 'api.github.com', path: '/user/keys' });
  const trace = request({ method: 'TRACE', host: 'api.github.com', path: '/' });

  it('refuses them on behalf of the route whose credential would go there', () => {
    const routes = routesOf({ routes: [route('github')] }, 'api.github.com');
    for (const head of [mint, trace]) {
      expect(routes.mayAnswer(head)).toBe(true);
      expect(routes.answer(head, Buffer.alloc(0))).toMatchObject({
        reason: 'endpoint-closed',
        route: 'github',
      });
    }
  });

  it('lets them be reached with a route that says so', () => {
    const open = route('github');
    const routes = routesOf({ routes: [open], minting: new Set([open]) }, 'api.github.com');
    expect(routes.mayAnswer(mint)).toBe(false);
    expect(routes.answer(mint, Buffer.alloc(0))).toBeUndefined();
    expect(routes.answer(trace, Buffer.alloc(0))).toMatchObject({ reason: 'endpoint-closed' });
  });

  it('goes by the route of the path', () => {
    const [user, rest] = [route('user', '/user'), route('rest')];
    const routes = routesOf({ routes: [user, rest], minting: new Set([rest]) }, 'api.github.com');
    expect(routes.answer(mint, Buffer.alloc(0))).toMatchObject({ route: 'user' });
    const other = request({ method: 'POST', host: 'api.github.com', path: '/repos/o/r/keys' });
    expect(routes.answer(other, Buffer.alloc(0))).toBeUndefined();
  });

  it('has nothing to refuse where no credential goes', () => {
    expect(routesOf({}, 'api.github.com').mayAnswer(mint)).toBe(false);
    const elsewhere = routesOf({ routes: [route('repos', '/repos')] }, 'api.github.com');
    expect(elsewhere.mayAnswer(mint)).toBe(false);
  });
});
